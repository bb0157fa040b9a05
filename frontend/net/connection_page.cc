// Errors of static routes that have a page of the operator's.
#include <memory>
#include <utility>

#include "frontend/http/response_writer.h"
#include "frontend/net/connection.h"

namespace anteroom::frontend {
namespace {

Outcome OutcomeOf(int status) {
  switch (status) {
    case 503:
      return Outcome::kOverload;
    case 500:
      return Outcome::kFileError;
    default:
      return Outcome::kStatic;
  }
}

}  // namespace

void Connection::AnswerPage(StaticReply reply) {
  const std::shared_ptr<const CachedFile> page = std::move(reply.page);
  ResponseContext response = NewResponse(reply.status);
  response.size = page->size();
  const ResponseFraming framing = ChooseFraming(response);
  Begin(reply.status, OutcomeOf(reply.status), framing);
  ResponseWriter writer(&context_->out, reply.status);
  writer.AddField("Content-Type", page->content_type());
  if (reply.status == 503) writer.AddField("Retry-After", uint64_t{1});
  context_->out.append(reply.page_fields.data(), reply.page_fields.size());
  writer.Finish(framing, response.minor_version, context_->Date());
  request_->head_bytes_out += context_->out.size();
  request_->answered = true;
  if (!framing.send_body || page->in_memory()) {
    if (framing.send_body) context_->out.append(page->body().data(), page->body().size());
    return Written(output_.Write(socket_.get(), context_->out));
  }
  auto sender =
      std::make_unique<FileSender>(page, 0, page->size(), context_->file_io, context_->poster,
                                   &context_->static_cache->counters(), [this] { OnWritable(); });
  Written(output_.WriteSender(socket_.get(), context_->out, std::move(sender)));
}

}  // namespace anteroom::frontend
