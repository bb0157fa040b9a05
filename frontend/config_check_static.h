// The rules of config_check.h for static routes.
#ifndef ANTEROOM_FRONTEND_CONFIG_CHECK_STATIC_H_
#define ANTEROOM_FRONTEND_CONFIG_CHECK_STATIC_H_

#include <string>

#include "frontend/config.h"
#include "frontend/yaml_reader.h"

namespace anteroom::frontend {

// Pure. `path`: of the section, such as "routes[0].static".
void CheckStatic(const StaticConfig& files, const std::string& path, YamlFindings* findings);

// What is not there yet may come: warnings only. Blocks.
void CheckStaticFiles(const StaticConfig& files, const std::string& path, YamlFindings* findings);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_CONFIG_CHECK_STATIC_H_
