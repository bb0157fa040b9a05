#include "common/flags.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/units.h"

namespace anteroom {
namespace {

std::string ToString(absl::string_view text) { return std::string(text.data(), text.size()); }

absl::Status Misuse(absl::string_view flag, absl::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat("--", flag, ": ", reason));
}

// Assigns what a parser returned, or passes its error on.
template <typename T>
absl::Status Assign(absl::StatusOr<T> parsed, T* value) {
  if (!parsed.ok()) return parsed.status();
  *value = *std::move(parsed);
  return absl::OkStatus();
}

}  // namespace

std::string FlagEnvironmentName(absl::string_view flag) {
  return absl::StrCat("ANTEROOM_", absl::AsciiStrToUpper(absl::StrReplaceAll(flag, {{"-", "_"}})));
}

FlagSet::FlagSet(absl::string_view program, absl::string_view summary, absl::string_view version)
    : program_(program), summary_(summary), version_(version) {}

void FlagSet::Add(absl::string_view name, absl::string_view help, absl::string_view placeholder,
                  std::string default_text, std::function<absl::Status(const std::string&)> set) {
  flags_.push_back({ToString(name), ToString(help), ToString(placeholder), std::move(default_text),
                    std::move(set)});
}

void FlagSet::AddString(absl::string_view name, std::string* value, absl::string_view help) {
  Add(name, help, "TEXT", *value, [value](const std::string& text) {
    *value = text;
    return absl::OkStatus();
  });
}

void FlagSet::AddInt(absl::string_view name, int* value, int min, int max, absl::string_view help) {
  Add(name, help, "N", absl::StrCat(*value), [value, min, max](const std::string& text) {
    int parsed = 0;
    // SimpleAtoi takes surrounding space and a sign; only plain digits, after '-' at most, are
    // meant here.
    const bool digits =
        text.find_first_not_of("0123456789", text.rfind('-', 0) == 0 ? 1 : 0) == std::string::npos;
    if (!digits || !absl::SimpleAtoi(text, &parsed) || parsed < min || parsed > max) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", text, "' is not a whole number from ", min, " to ", max));
    }
    *value = parsed;
    return absl::OkStatus();
  });
}

void FlagSet::AddBool(absl::string_view name, bool* value, absl::string_view help) {
  Add(name, help, "", *value ? "true" : "false", [value](const std::string& text) {
    if (text != "true" && text != "false") {
      return absl::InvalidArgumentError(absl::StrCat("'", text, "' is not true or false"));
    }
    *value = text == "true";
    return absl::OkStatus();
  });
}

void FlagSet::AddDuration(absl::string_view name, Duration* value, absl::string_view help) {
  Add(name, help, "DURATION", FormatDuration(*value),
      [value](const std::string& text) { return Assign(ParseDuration(text), value); });
}

void FlagSet::AddSize(absl::string_view name, uint64_t* value, absl::string_view help) {
  Add(name, help, "SIZE", FormatSize(*value),
      [value](const std::string& text) { return Assign(ParseSize(text), value); });
}

void FlagSet::AddAddress(absl::string_view name, SocketAddress* value, absl::string_view help) {
  Add(name, help, "HOST:PORT", value->ToString(),
      [value](const std::string& text) { return Assign(ParseSocketAddress(text), value); });
}

FlagSet::Flag* FlagSet::Find(absl::string_view name) {
  const auto it = std::find_if(flags_.begin(), flags_.end(),
                               [name](const Flag& flag) { return flag.name == name; });
  return it == flags_.end() ? nullptr : &*it;
}

absl::Status FlagSet::TakeFromEnvironment(const Environment& environment) {
  for (Flag& flag : flags_) {
    if (flag.given) continue;
    const std::string variable = FlagEnvironmentName(flag.name);
    const char* text = environment(variable);
    if (text == nullptr || *text == '\0') continue;
    if (const absl::Status status = flag.set(text); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(variable, ": ", status.message()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> FlagSet::Parse(const std::vector<std::string>& arguments,
                                    const Environment& environment, std::string* output) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument.rfind("--", 0) != 0 || argument.size() == 2) {
      return absl::InvalidArgumentError(absl::StrCat("'", argument, "' is not a flag"));
    }
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(2, equals == std::string::npos ? equals : equals - 2);
    if (name == "help" || name == "version") {
      *output = name == "help" ? Help() : absl::StrCat(program_, " ", version_, "\n");
      return false;
    }
    Flag* flag = Find(name);
    if (flag == nullptr) return Misuse(name, "there is no such flag");
    if (std::exchange(flag->given, true)) return Misuse(name, "given twice");
    std::string value;
    if (equals != std::string::npos) {
      value = argument.substr(equals + 1);
    } else if (flag->placeholder.empty()) {
      value = "true";
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    } else {
      return Misuse(name, "a value is missing");
    }
    if (const absl::Status status = flag->set(value); !status.ok()) {
      return Misuse(name, status.message());
    }
  }
  if (const absl::Status status = TakeFromEnvironment(environment); !status.ok()) return status;
  return true;
}

std::optional<int> FlagSet::Parse(int argc, const char* const* argv) {
  std::string output;
  const absl::StatusOr<bool> go_on = Parse(
      std::vector<std::string>(argv + std::min(argc, 1), argv + argc),
      [](const std::string& name) { return std::getenv(name.c_str()); }, &output);
  if (!go_on.ok()) {
    std::fprintf(stderr, "%s: %s (--help lists the flags)\n", program_.c_str(),
                 std::string(go_on.status().message()).c_str());
    return kExitMisuse;
  }
  if (*go_on) return std::nullopt;
  std::fputs(output.c_str(), stdout);
  return EXIT_SUCCESS;
}

std::string FlagSet::Help() const {
  size_t width = sizeof("--version") - 1;
  const auto left = [](const Flag& flag) {
    return absl::StrCat("--", flag.name, flag.placeholder.empty() ? "" : " ", flag.placeholder);
  };
  for (const Flag& flag : flags_) width = std::max(width, left(flag).size());

  std::string help = absl::StrCat("Usage: ", program_, " [flags]\n", summary_, "\n\n");
  const auto line = [&](const std::string& head, absl::string_view text) {
    absl::StrAppend(&help, "  ", head, std::string(width - head.size() + 2, ' '), text);
  };
  for (const Flag& flag : flags_) {
    line(left(flag), flag.help);
    if (!flag.default_text.empty()) absl::StrAppend(&help, " (default ", flag.default_text, ")");
    help.push_back('\n');
  }
  line("--help", "print this and exit\n");
  line("--version", "print the version and exit\n");
  absl::StrAppend(&help, "\nA flag that is not given is taken from the environment, for example ",
                  flags_.empty() ? "ANTEROOM_..." : FlagEnvironmentName(flags_.front().name),
                  ".\n");
  return help;
}

}  // namespace anteroom
