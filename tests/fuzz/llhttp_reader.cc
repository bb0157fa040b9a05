#include "tests/fuzz/llhttp_reader.h"

#include "frontend/http/list.h"
#include "llhttp.h"

namespace anteroom {
namespace {

LlhttpRequest* RequestOf(llhttp_t* parser) { return static_cast<LlhttpRequest*>(parser->data); }

int OnMethod(llhttp_t* parser, const char* at, size_t size) {
  RequestOf(parser)->method.append(at, size);
  return 0;
}

int OnUrl(llhttp_t* parser, const char* at, size_t size) {
  RequestOf(parser)->target.append(at, size);
  return 0;
}

// Trailers arrive as fields, too: they do not count, nor do ours.
int OnName(llhttp_t* parser, const char* at, size_t size) {
  LlhttpRequest* const request = RequestOf(parser);
  if (!request->head_complete) request->fields.emplace_back(std::string(at, size), "");
  return 0;
}

int OnValue(llhttp_t* parser, const char* at, size_t size) {
  LlhttpRequest* const request = RequestOf(parser);
  if (request->head_complete) return 0;
  request->fields.back().second = std::string(frontend::TrimSpace(absl::string_view(at, size)));
  return 0;
}

int OnHeadComplete(llhttp_t* parser) {
  RequestOf(parser)->head_complete = true;
  RequestOf(parser)->minor_version = parser->http_minor;
  return 0;
}

int OnBody(llhttp_t* parser, const char* at, size_t size) {
  RequestOf(parser)->body.append(at, size);
  return 0;
}

int OnComplete(llhttp_t* parser) {
  RequestOf(parser)->complete = true;
  return HPE_PAUSED;  // what follows is another request
}

}  // namespace

LlhttpRequest ReadWithLlhttp(absl::string_view bytes) {
  LlhttpRequest request;
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_method = OnMethod;
  settings.on_url = OnUrl;
  settings.on_header_field = OnName;
  settings.on_header_value = OnValue;
  settings.on_headers_complete = OnHeadComplete;
  settings.on_body = OnBody;
  settings.on_message_complete = OnComplete;
  llhttp_t parser;
  llhttp_init(&parser, HTTP_REQUEST, &settings);
  parser.data = &request;
  const llhttp_errno_t error = llhttp_execute(&parser, bytes.data(), bytes.size());
  if (request.complete) {
    request.size = static_cast<size_t>(llhttp_get_error_pos(&parser) - bytes.data());
  } else if (error != HPE_OK) {
    request.error = llhttp_errno_name(error);
  }
  return request;
}

bool LlhttpKnowsMethod(absl::string_view method) {
#define ANTEROOM_METHOD_NAME(number, name, text) #text,
  static constexpr absl::string_view kMethods[] = {HTTP_METHOD_MAP(ANTEROOM_METHOD_NAME)};
#undef ANTEROOM_METHOD_NAME
  for (const absl::string_view known : kMethods) {
    if (known == method) return true;
  }
  return false;
}

}  // namespace anteroom
