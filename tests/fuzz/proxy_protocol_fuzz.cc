// Any bytes as the beginning of a connection: the same answer however they are split, within the
// bounds, and an address that is one.
#include <algorithm>
#include <cstdint>

#include "common/address_range.h"
#include "frontend/net/proxy_protocol.h"
#include "tests/fuzz/fuzz_check.h"

namespace anteroom::frontend {
namespace {

using Verdict = ProxyHeader::Verdict;

bool Same(const ProxyHeader& a, const ProxyHeader& b) {
  return a.verdict == b.verdict && a.sender == b.sender && a.size == b.size && a.client == b.client;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const ProxyHeader whole = DecodeProxyHeader(bytes);
  bool decided = false;
  for (size_t i = 0; i <= std::min(size, kMaxProxyHeaderV2); ++i) {
    const ProxyHeader part = DecodeProxyHeader(bytes.substr(0, i));
    if (part.verdict == Verdict::kMore) {
      FuzzCheck(!decided, "what is decided stays so");
      continue;
    }
    decided = true;
    FuzzCheck(Same(part, whole), "split is as whole");
    if (part.verdict == Verdict::kWhole) FuzzCheck(part.size <= i, "only what is there is taken");
  }
  FuzzCheck(decided || size < kMaxProxyHeaderV2, "it is decided within the bound");
  FuzzCheck(decided == (whole.verdict != Verdict::kMore), "the bound is enough");
  if (whole.verdict != Verdict::kWhole) return 0;
  FuzzCheck(whole.size > 0, "a header has bytes");
  FuzzCheck(whole.size <= (data[0] == 'P' ? kMaxProxyHeaderV1 : kMaxProxyHeaderV2), "size");
  FuzzCheck(whole.client.empty() == (whole.sender != ProxyHeader::Sender::kClient), "client");
  if (whole.client.empty()) return 0;
  const auto address = ParseIpAddress(whole.client);
  FuzzCheck(address && FormatIpAddress(*address) == whole.client, "the address is canonical");
  return 0;
}

}  // namespace anteroom::frontend
