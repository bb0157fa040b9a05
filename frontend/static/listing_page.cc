#include "frontend/static/listing_page.h"

#include <array>
#include <ctime>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "frontend/static/html_text.h"

namespace anteroom::frontend {
namespace {

constexpr absl::string_view kHead =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"robots\" content=\"noindex\">\n<title>";

constexpr absl::string_view kStyle =
    "</title>\n<style>\n"
    ":root{color-scheme:light dark;--text:#1b1f24;--quiet:#656d76;--line:#d8dee4;--link:#0860ca;"
    "--row:#f3f5f7;--page:#fff}\n"
    "@media(prefers-color-scheme:dark){:root{--text:#e6e9ed;--quiet:#929ba5;--line:#30363d;"
    "--link:#6cb0ff;--row:#1a2027;--page:#0f1318}}\n"
    "body{margin:0 auto;max-width:60rem;padding:2rem 1rem;background:var(--page);"
    "color:var(--text);font:1rem/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.25rem;font-weight:600;overflow-wrap:anywhere}\n"
    "a{color:var(--link);text-decoration:none}a:hover,a:focus{text-decoration:underline}\n"
    "table{width:100%;border-collapse:collapse}\n"
    "th,td{padding:.35rem .6rem;border-bottom:1px solid var(--line);text-align:left}\n"
    "th{color:var(--quiet);font-size:.85rem;font-weight:500}\n"
    "tbody tr:hover{background:var(--row)}\n"
    "td:first-child{overflow-wrap:anywhere}\n"
    "td+td,th+th{text-align:right;white-space:nowrap;color:var(--quiet);"
    "font-variant-numeric:tabular-nums}\n"
    ".d{font-weight:600}p{color:var(--quiet)}\n"
    "@media(max-width:36rem){td:nth-child(3),th:nth-child(3){display:none}}\n"
    "</style>\n</head>\n<body>\n<h1>";

constexpr absl::string_view kTable =
    "</h1>\n<table>\n<thead><tr><th>Name</th><th>Size</th><th>Modified (UTC)</th></tr></thead>\n"
    "<tbody>\n";

constexpr absl::string_view kEnd = "</body>\n</html>\n";

// As people read it: three digits or so.
std::string SizeText(uint64_t bytes) {
  constexpr std::array<const char*, 6> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  double amount = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (amount >= 1023.95 && unit + 1 < kUnits.size()) {
    amount /= 1024;
    ++unit;
  }
  return absl::StrFormat("%.1f %s", amount, kUnits[unit]);
}

std::string TimeText(std::time_t time) {
  std::tm utc;
  if (gmtime_r(&time, &utc) == nullptr) return "";
  std::array<char, 64> text;
  const size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", &utc);
  return std::string(text.data(), size);
}

// The directories on the way, each a link but the last, which is the page itself.
void AppendTrail(absl::string_view route, absl::string_view path, std::string* html) {
  std::vector<absl::string_view> steps;
  if (path.size() > 1) steps = absl::StrSplit(path.substr(1, path.size() - 2), '/');
  for (size_t i = 0; i <= steps.size(); ++i) {
    const size_t up = steps.size() - i;
    if (up > 0) {
      html->append("<a href=\"");
      for (size_t k = 0; k < up; ++k) html->append("../");
      html->append("\">");
    }
    html->append("<bdi>");
    AppendHtml(
        i == 0 ? absl::StrCat(absl::StripSuffix(route, "/"), "/") : std::string(steps[i - 1]),
        html);
    html->append("</bdi>");
    if (up > 0) html->append("</a>");
    if (i > 0) html->append("/");
  }
}

void AppendEntry(const DirectoryEntry& entry, std::string* html) {
  const absl::string_view slash = entry.directory ? "/" : "";
  // "./" keeps a name with a colon from being a scheme; encoded it is none either way.
  absl::StrAppend(html, "<tr><td><a", entry.directory ? " class=\"d\"" : "", " href=\"./");
  AppendUrlSegment(entry.name, html);
  absl::StrAppend(html, slash, "\"><bdi>");
  AppendHtml(entry.name, html);
  absl::StrAppend(html, "</bdi>", slash, "</a></td><td>",
                  entry.directory ? "" : SizeText(entry.size), "</td><td>",
                  TimeText(entry.modified), "</td></tr>\n");
}

}  // namespace

ListingPage MakeListingPage(absl::string_view route, absl::string_view path,
                            const DirectoryContents& contents, size_t most_bytes) {
  ListingPage page;
  std::string& html = page.html;
  absl::StrAppend(&html, kHead, "Index of ");
  AppendHtml(absl::StrCat(absl::StripSuffix(route, "/"), path), &html);
  absl::StrAppend(&html, kStyle, "Index of ");
  AppendTrail(route, path, &html);
  absl::StrAppend(&html, kTable);
  if (path.size() > 1) {
    absl::StrAppend(&html,
                    "<tr><td><a class=\"d\" href=\"../\">../</a></td><td></td><td></td></tr>\n");
  }
  size_t shown = 0;
  for (const DirectoryEntry& entry : contents.entries) {
    if (html.size() > most_bytes) break;
    AppendEntry(entry, &html);
    ++shown;
  }
  page.cut = contents.cut || shown < contents.entries.size();
  absl::StrAppend(&html, "</tbody>\n</table>\n");
  if (page.cut) {
    absl::StrAppend(&html, "<p>Only ", shown, " entries are shown; there are more.</p>\n");
  } else if (shown == 0) {
    absl::StrAppend(&html, "<p>This directory is empty.</p>\n");
  }
  absl::StrAppend(&html, kEnd);
  return page;
}

}  // namespace anteroom::frontend
