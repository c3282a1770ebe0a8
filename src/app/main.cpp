// The program. Everything it consists of can be found from here.
#include "app/cli.h"

int main(int argc, char** argv) { return fairlead::app::mainWith(argc, argv, FAIRLEAD_VERSION); }
