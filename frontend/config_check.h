// What makes sense for each value alone need not make sense together: the rules between values of a
// configuration, and between it and the file system.
#ifndef ANTEROOM_FRONTEND_CONFIG_CHECK_H_
#define ANTEROOM_FRONTEND_CONFIG_CHECK_H_

#include "frontend/config.h"
#include "frontend/yaml_reader.h"

namespace anteroom::frontend {

// Pure. `findings` knows where the values stand, and gets the faults and warnings.
void CheckConfig(const Config& config, YamlFindings* findings);

// Directories that must be there. Blocks; makes and removes a file in the spool directory, which is
// the only proof that one can be made.
void CheckFiles(const Config& config, YamlFindings* findings);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_CONFIG_CHECK_H_
