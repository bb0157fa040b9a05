// Sockets for the benchmark's own programs: IPv4, non-blocking, no small-packet delay.
#ifndef ANTEROOM_BENCH_SOCKETS_H_
#define ANTEROOM_BENCH_SOCKETS_H_

#include <netinet/in.h>

#include <optional>

#include "absl/strings/string_view.h"

namespace anteroom::bench {

// "127.0.0.1:8080". No value when it is anything but an IPv4 literal and a port.
std::optional<sockaddr_in> ParseAddress(absl::string_view text);

// A listening socket of its own for each thread that calls this (SO_REUSEPORT): the kernel deals
// the connections out. Ends the process with a message when the address can't be bound.
int ListenOrDie(const sockaddr_in& address);

void SetNoDelay(int fd);

// As many open files as the hard limit allows.
void RaiseFileLimit();

}  // namespace anteroom::bench

#endif  // ANTEROOM_BENCH_SOCKETS_H_
