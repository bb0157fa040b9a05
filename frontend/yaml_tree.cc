#include "frontend/yaml_tree.h"

#include <algorithm>
#include <exception>
#include <map>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "yaml-cpp/eventhandler.h"
#include "yaml-cpp/exceptions.h"
#include "yaml-cpp/mark.h"
#include "yaml-cpp/parser.h"

namespace anteroom::frontend {
namespace {

class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::vector<ConfigFault>* faults) : faults_(faults) {}

  YamlNode TakeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    RefuseAnchor(mark, anchor);
    Add(MakeNode(YamlNode::Kind::kNull, mark));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    AddFault(mark, "aliases are not supported");
    Add(MakeNode(YamlNode::Kind::kNull, mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    RefuseAnchor(mark, anchor);
    RefuseTag(mark, tag);
    YamlNode node = MakeNode(YamlNode::Kind::kScalar, mark);
    node.text = value;
    Add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    RefuseAnchor(mark, anchor);
    RefuseTag(mark, tag);
    Open(MakeNode(YamlNode::Kind::kSequence, mark), mark);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    RefuseAnchor(mark, anchor);
    RefuseTag(mark, tag);
    Open(MakeNode(YamlNode::Kind::kMapping, mark), mark);
  }
  void OnMapEnd() override { Close(); }

 private:
  // A sequence or mapping that is not closed yet. In a mapping, keys and values take turns.
  struct OpenNode {
    YamlNode node;
    std::optional<YamlEntry> entry;   // the key, while its value is awaited
    std::map<std::string, int> keys;  // and their lines
  };

  static YamlNode MakeNode(YamlNode::Kind kind, const YAML::Mark& mark) {
    YamlNode node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return node;
  }

  void AddFault(const YAML::Mark& mark, std::string reason) {
    faults_->push_back({mark.line + 1, mark.column + 1, std::move(reason)});
  }

  void RefuseAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) AddFault(mark, "anchors are not supported");
  }

  // yaml-cpp says "?" for a node without a tag and "!" for a quoted one.
  void RefuseTag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") AddFault(mark, "tags are not supported");
  }

  void Open(YamlNode node, const YAML::Mark& mark) {
    if (skipping_ > 0 || open_.size() == kMaxYamlDepth) {
      if (skipping_++ == 0) AddFault(mark, "nested too deeply");
      return;
    }
    open_.push_back({std::move(node), std::nullopt, {}});
  }

  void Close() {
    if (skipping_ > 0) {
      if (--skipping_ == 0) Add(YamlNode());
      return;
    }
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    Add(std::move(node));
  }

  void Add(YamlNode node) {
    if (skipping_ > 0) return;
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    OpenNode& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::kSequence) {
      parent.node.items.push_back(std::move(node));
    } else if (parent.entry) {
      AddEntry(&parent, std::move(node));
    } else {
      if (node.kind != YamlNode::Kind::kScalar) {
        faults_->push_back({node.line, node.column, "a key must be a word"});
      }
      parent.entry = YamlEntry{std::move(node.text), node.line, node.column, {}};
    }
  }

  void AddEntry(OpenNode* parent, YamlNode value) {
    YamlEntry entry = *std::exchange(parent->entry, std::nullopt);
    entry.value = std::move(value);
    const auto [first, added] = parent->keys.emplace(entry.key, entry.line);
    if (!added) {
      faults_->push_back(
          {entry.line, entry.column,
           absl::StrCat("'", entry.key, "' is given twice, first in line ", first->second)});
      return;
    }
    parent->node.entries.push_back(std::move(entry));
  }

  std::vector<ConfigFault>* const faults_;
  std::vector<OpenNode> open_;
  int skipping_ = 0;  // open nodes that are too deep to be built
  YamlNode root_;
};

// Stands behind every text. yaml-cpp takes the end of the file for a closing quote, too, and gives
// the rest of the file to the value; but the mark that ends a document may not stand between
// quotes.
constexpr absl::string_view kEnd = "...\n";

bool EndsLine(absl::string_view text) { return text.empty() || text.back() == '\n'; }

ConfigFault SyntaxFault(const YAML::Exception& error, absl::string_view text) {
  const auto newlines = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  const int end = newlines + (EndsLine(text) ? 1 : 2);  // the line of kEnd
  const int line = error.mark.line + 1;
  if (line < end) return {line, error.mark.column + 1, error.msg};
  const bool quote = error.msg == YAML::ErrorMsg::DOC_IN_SCALAR;
  return {end, 1, quote ? "a quote is not closed" : error.msg};
}

}  // namespace

const YamlEntry* YamlNode::Find(absl::string_view key) const {
  for (const YamlEntry& entry : entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

std::optional<YamlNode> ParseYaml(const std::string& text, std::vector<ConfigFault>* faults) {
  try {
    std::istringstream stream(absl::StrCat(text, EndsLine(text) ? "" : "\n", kEnd));
    YAML::Parser parser(stream);
    TreeBuilder builder(faults);
    parser.HandleNextDocument(builder);
    YamlNode root = builder.TakeRoot();
    if (root.kind == YamlNode::Kind::kNull) {
      faults->push_back({0, 0, "the file holds no configuration"});
      return std::nullopt;
    }
    std::vector<ConfigFault> ignored;
    TreeBuilder second(&ignored);
    if (parser.HandleNextDocument(second)) {
      const YamlNode extra = second.TakeRoot();
      faults->push_back({extra.line, extra.column, "a second document is not supported"});
    }
    return root;
  } catch (const YAML::Exception& error) {
    faults->push_back(SyntaxFault(error, text));
  } catch (const std::exception& error) {
    faults->push_back({0, 0, error.what()});
  }
  return std::nullopt;
}

void OverrideScalar(absl::string_view path, absl::string_view text, absl::string_view origin,
                    YamlNode* root) {
  YamlNode* node = root;
  for (const absl::string_view key : absl::StrSplit(path, '.')) {
    if (node->kind != YamlNode::Kind::kMapping) {
      *node = YamlNode();
      node->kind = YamlNode::Kind::kMapping;
    }
    YamlEntry* entry = const_cast<YamlEntry*>(node->Find(key));
    if (entry == nullptr) {
      entry = &node->entries.emplace_back();
      entry->key.assign(key.data(), key.size());
    }
    node = &entry->value;
  }
  *node = YamlNode();
  node->kind = YamlNode::Kind::kScalar;
  node->text.assign(text.data(), text.size());
  node->origin.assign(origin.data(), origin.size());
}

}  // namespace anteroom::frontend
