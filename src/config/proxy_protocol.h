// The PROXY protocol of a listener: from whom a header is expected.
#pragma once

#include "config/config.h"

namespace fairlead::config {

extern const Section kProxyProtocolKeys;

// `proxy_protocol` of a listener whose address is read already.
void readProxyProtocol(const Value& value, Listen& listen, Diagnostics& out);

}  // namespace fairlead::config
