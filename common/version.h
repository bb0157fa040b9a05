// The release, as CMakeLists.txt says it.
#ifndef ANTEROOM_COMMON_VERSION_H_
#define ANTEROOM_COMMON_VERSION_H_

namespace anteroom {

inline constexpr char kVersion[] = ANTEROOM_VERSION;

}  // namespace anteroom

#endif  // ANTEROOM_COMMON_VERSION_H_
