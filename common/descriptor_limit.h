// How many descriptors this process may have open.
#ifndef ANTEROOM_COMMON_DESCRIPTOR_LIMIT_H_
#define ANTEROOM_COMMON_DESCRIPTOR_LIMIT_H_

#include <cstdint>

namespace anteroom {

// Raises the soft limit to the hard one and returns what holds then. The usual soft limit, 1,024,
// is there for programs that use select().
uint64_t RaiseDescriptorLimit();

}  // namespace anteroom

#endif  // ANTEROOM_COMMON_DESCRIPTOR_LIMIT_H_
