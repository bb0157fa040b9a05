#include "frontend/http/accept_encoding.h"

#include <optional>

#include "frontend/http/byte_class.h"
#include "frontend/http/list.h"
#include "frontend/http/request_head.h"

namespace anteroom::frontend {
namespace {

constexpr int16_t kFullWeight = 1000;

// ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ), in thousandths (section 12.4.2).
std::optional<int16_t> ParseQvalue(absl::string_view text) {
  constexpr size_t kLongest = 5;
  if (text.empty() || text.size() > kLongest || (text[0] != '0' && text[0] != '1')) {
    return std::nullopt;
  }
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int weight = text[0] == '1' ? kFullWeight : 0;
  int unit = 100;
  for (size_t i = 2; i < text.size(); ++i, unit /= 10) {
    if (!IsByte(text[i], kDigitByte)) return std::nullopt;
    weight += unit * (text[i] - '0');
  }
  if (weight > kFullWeight) return std::nullopt;
  return static_cast<int16_t>(weight);
}

// [ OWS ";" OWS "q=" qvalue ], of which `parameters` is what follows the ';'.
std::optional<int16_t> ParseWeight(absl::string_view parameters) {
  parameters = TrimSpace(parameters);
  if (parameters.size() < 2 || !EqualsLower(parameters.substr(0, 2), "q=")) return std::nullopt;
  return ParseQvalue(parameters.substr(2));
}

std::optional<ContentCoding> CodingOf(absl::string_view name) {
  if (EqualsLower(name, "gzip") || EqualsLower(name, "x-gzip")) return ContentCoding::kGzip;
  if (EqualsLower(name, "br")) return ContentCoding::kBrotli;
  if (EqualsLower(name, "zstd")) return ContentCoding::kZstd;
  if (EqualsLower(name, "identity")) return ContentCoding::kIdentity;
  return std::nullopt;
}

}  // namespace

void AcceptEncoding::Add(absl::string_view value) {
  ListReader list(value);
  while (members_ < kMembers && list.Next()) {
    if (list.member().empty()) continue;
    ++members_;
    AddMember(list.member());
  }
}

void AcceptEncoding::AddMember(absl::string_view member) {
  const size_t semicolon = member.find(';');
  const absl::string_view name = TrimSpace(member.substr(0, semicolon));
  std::optional<int16_t> weight = kFullWeight;
  if (semicolon != absl::string_view::npos) weight = ParseWeight(member.substr(semicolon + 1));
  if (!weight.has_value()) return;
  int16_t* place = nullptr;
  if (name == "*") {
    place = &others_;
  } else if (const std::optional<ContentCoding> coding = CodingOf(name)) {
    place = &weights_[static_cast<size_t>(*coding)];
  }
  if (place != nullptr && *place == kNotNamed) *place = *weight;
}

CodingPreference AcceptEncoding::Preference() const {
  struct Candidate {
    ContentCoding coding;
    int16_t weight;
  };
  std::array<Candidate, kContentCodings> candidates;
  size_t count = 0;
  const int16_t identity = weights_[static_cast<size_t>(ContentCoding::kIdentity)];
  for (const ContentCoding coding :
       {ContentCoding::kBrotli, ContentCoding::kZstd, ContentCoding::kGzip}) {
    const int16_t named = weights_[static_cast<size_t>(coding)];
    const int16_t weight = named == kNotNamed ? others_ : named;
    if (weight <= 0 || weight < identity) continue;
    size_t place = count++;  // behind those that weigh as much
    for (; place > 0 && candidates[place - 1].weight < weight; --place) {
      candidates[place] = candidates[place - 1];
    }
    candidates[place] = {coding, weight};
  }
  CodingPreference preference;
  for (size_t i = 0; i < count; ++i) preference.Append(candidates[i].coding);
  return preference;
}

CodingPreference AcceptedCodings(const RequestHead& head) {
  AcceptEncoding accepted;
  for (size_t i = 0; i < head.field_count(); ++i) {
    const Field field = head.field(i);
    if (EqualsLower(field.name, "accept-encoding")) accepted.Add(field.value);
  }
  return accepted.Preference();
}

}  // namespace anteroom::frontend
