// A folder for stores, gone at the end of the process. It is below TMPDIR, or the system's folder
// for temporary files: what is measured of a store is measured on that disk.
#pragma once

#include <string>

namespace tally::bench {

// A name below the process's temporary folder that was not given out before.
std::string FreshPath();

// Removes the folder; call it when nothing below it is in use any more.
void RemoveTemporaryFolder();

}  // namespace tally::bench
