#include "frontend/static/file_reply.h"

#include <ctime>
#include <utility>

#include "frontend/static/byte_ranges.h"
#include "frontend/static/partial_content.h"

namespace anteroom::frontend {
namespace {

int RangeStatus(const CachedFile& file, absl::string_view range,
                std::unique_ptr<PartialContent>* partial) {
  const SelectedRanges selected = SelectRanges(range, file.size());
  switch (selected.verdict) {
    case SelectedRanges::Verdict::kWhole:
      break;
    case SelectedRanges::Verdict::kNotSatisfiable:
      return 416;
    case SelectedRanges::Verdict::kRanges:
      *partial = MakePartialContent(file, selected.ranges,
                                    selected.ranges.size() > 1 ? MakeBoundary() : "");
      if (*partial != nullptr) return 206;
      break;
  }
  return 200;
}

}  // namespace

StaticReply FileReply(std::shared_ptr<const CachedFile> file, const Conditions& conditions) {
  StaticReply reply;
  if (!file->has_validators()) {  // a listing
    reply.status = 200;
    reply.file = std::move(file);
    return reply;
  }
  const Validators validators{file->etag(), file->last_modified(), file->date_is_strong()};
  const std::time_t now = std::time(nullptr);
  switch (EvaluateConditions(conditions, validators, now)) {
    case ConditionalVerdict::kSend:
      reply.status = 200;
      if (conditions.range && RangeApplies(conditions, validators, now)) {
        reply.status = RangeStatus(*file, *conditions.range, &reply.partial);
      }
      break;
    case ConditionalVerdict::kNotModified:
      reply.status = 304;
      break;
    case ConditionalVerdict::kPreconditionFailed:
      reply.status = 412;
      break;
  }
  reply.file = std::move(file);
  return reply;
}

}  // namespace anteroom::frontend
