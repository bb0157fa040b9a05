#include "frontend/static/listing_loader.h"

#include <ctime>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "frontend/static/directory_reader.h"
#include "frontend/static/listing_page.h"

namespace anteroom::frontend {

Loaded LoadListing(const LoadRequest& request, int root_fd) {
  absl::string_view relative = request.path;
  relative.remove_prefix(1);
  if (!relative.empty()) relative.remove_suffix(1);
  const StaticSite& site = *request.site;
  const DirectoryContents contents =
      ReadDirectoryBeneath(root_fd, std::string(relative), site.walk, kMostListingEntries);
  Loaded loaded;
  switch (contents.found) {
    case Found::kDirectory:
      break;
    case Found::kOutOfMeans:
      loaded.result = Loaded::Result::kUnavailable;
      return loaded;
    case Found::kFailed:
      loaded.result = Loaded::Result::kFailed;
      return loaded;
    case Found::kMissing:
    case Found::kRegular:
      loaded.result = Loaded::Result::kMissing;
      return loaded;
  }
  const ListingPage page = MakeListingPage(site.config.route, request.path, contents);
  loaded.cut = page.cut;
  for (const std::shared_ptr<const CachedFile>& known : request.known) {
    if (known->has_validators() || known->body() != page.html) continue;
    loaded.result = Loaded::Result::kUnchanged;
    loaded.file = known;
    return loaded;
  }
  FileFields fields;
  fields.content_type = "text/html; charset=utf-8";
  fields.always = site.of_listings;
  fields.validators = false;
  FileIdentity identity;
  identity.size = page.html.size();
  loaded.result = Loaded::Result::kFile;
  loaded.file = CachedFile::InMemory(identity, fields, page.html, std::time(nullptr));
  return loaded;
}

}  // namespace anteroom::frontend
