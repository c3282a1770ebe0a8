// Why a server gets requests or gets none, and what a pool does with them, in sentences. Pure.
#pragma once

#include <string>
#include <vector>

#include "admin/summary.h"
#include "base/time.h"
#include "upstream/status.h"

namespace fairlead::admin {

// The most important first: what happens now and by which rule, the last checks, what will change
// it, its load. `server` is one of the pool's.
std::vector<std::string> sentencesOf(const upstream::PoolStatus& pool,
                                     const upstream::ServerStatus& server, TimePoint now);
// The same for many servers of one pool, whose summary is made once.
std::vector<std::string> sentencesOf(const upstream::PoolStatus& pool, const Summary& summary,
                                     const upstream::ServerStatus& server, TimePoint now);

// Of the pool as a whole; its servers have sentences of their own.
std::vector<std::string> sentencesOf(const upstream::PoolStatus& pool, TimePoint now);

}  // namespace fairlead::admin
