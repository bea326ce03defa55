//===- Parser.cpp - PTX text to statements --------------------------------===//
//
// A tokenizer and a recursive-descent parser for PTX as LLVM's NVPTX backend
// prints it, with inline assembly (nested scopes with registers of their own).
//
//===----------------------------------------------------------------------===//
#include "Fault.h"
#include "Syntax.h"

#include <cctype>
#include <cstdlib>
#include <cstring>

using namespace tegula::ptx;

bool Statement::has(const char *part) const {
  for (const std::string &p : parts)
    if (p == part)
      return true;
  return false;
}

const Function *Module::find(const std::string &name) const {
  const Function *declared = nullptr;
  for (const auto &f : functions)
    if (f->name == name) {
      if (f->defined)
        return f.get();
      declared = f.get();
    }
  return declared;
}

namespace {

struct Token {
  std::string text; ///< Empty at the end of the file.
  int line = 0;
};

bool isWord(char c) {
  return isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' ||
         c == '%' || c == '.';
}

/// Cuts the text into words and single punctuation characters. Lines of debug
/// information are dropped.
std::vector<Token> tokenize(const std::string &text) {
  std::vector<Token> tokens;
  int line = 1;
  size_t i = 0, n = text.size();
  auto skipLine = [&] {
    while (i < n && text[i] != '\n')
      ++i;
  };
  while (i < n && text[i]) {
    char c = text[i];
    if (c == '\n') {
      ++line, ++i;
    } else if (isspace(static_cast<unsigned char>(c))) {
      ++i;
    } else if (text.compare(i, 2, "//") == 0) {
      skipLine();
    } else if (text.compare(i, 2, "/*") == 0) {
      for (; i < n && text.compare(i, 2, "*/"); ++i)
        line += text[i] == '\n';
      i += 2;
    } else if (c == '"') {
      size_t end = text.find('"', i + 1);
      if (end == std::string::npos)
        throw Fault(FaultKind::Syntax,
                    "line " + std::to_string(line) + ": unterminated string");
      tokens.push_back({text.substr(i, end + 1 - i), line});
      i = end + 1;
    } else if (isWord(c)) {
      size_t start = i;
      // `::` belongs to the word, as in shared::cluster.
      while (i < n && (isWord(text[i]) || text.compare(i, 2, "::") == 0))
        i += text[i] == ':' ? 2 : 1;
      std::string word = text.substr(start, i - start);
      if (word == ".loc" || word == ".file")
        skipLine();
      else
        tokens.push_back({word, line});
    } else {
      tokens.push_back({std::string(1, c), line});
      ++i;
    }
  }
  tokens.push_back({"", line});
  return tokens;
}

int typeBytes(const std::string &type) {
  if (type == ".pred")
    return 0;
  size_t digits = type.find_first_of("0123456789");
  if (digits == std::string::npos)
    return -1;
  if (type.find("x2", digits) != std::string::npos)
    return 4;
  return atoi(type.c_str() + digits) / 8;
}

bool isScalarType(const std::string &t) {
  return t.size() >= 3 && t[0] == '.' && strchr("bsuf", t[1]) &&
         isdigit(static_cast<unsigned char>(t[2]));
}

/// Registers and variables declared between two braces.
struct Scope {
  struct Range {
    std::string prefix;
    long count;
    int bytes;
  };
  std::map<std::string, int> registers;
  std::vector<Range> ranges;
  std::map<std::string, std::string> renamed; ///< Labels and parameters.
};

class Parser {
public:
  explicit Parser(const std::string &text) : tokens(tokenize(text)) {}
  std::unique_ptr<Module> run();

private:
  const Token &peek(size_t ahead = 0) const {
    return tokens[std::min(at + ahead, tokens.size() - 1)];
  }
  bool is(const char *text) const { return peek().text == text; }
  Token next() { return tokens[at < tokens.size() - 1 ? at++ : at]; }
  bool accept(const char *text) {
    bool yes = is(text);
    if (yes)
      next();
    return yes;
  }
  [[noreturn]] void error(const std::string &what) const {
    throw Fault(FaultKind::Syntax, "PTX line " + std::to_string(peek().line) +
                                       ": " + what + ", found '" + peek().text +
                                       "'");
  }
  void expect(const char *text) {
    if (!accept(text))
      error(std::string("expected '") + text + "'");
  }
  long number();

  void skipSection();
  bool moduleDirective();
  Variable variable(std::string space);
  void initializer(Variable &v, int bytes);
  void function(bool entry);
  void parameters(std::vector<Variable> &list);
  void functionDirectives();
  void body();
  bool bodyDirective();
  void registers();
  void branchTargets(const std::string &name);
  void statement();
  Operand operand();
  Operand atom();
  int findRegister(const std::string &name);
  std::string rename(const std::string &name) const;
  void patchLabels();

  std::vector<Token> tokens;
  size_t at = 0;
  Module *module = nullptr;
  Function *fn = nullptr;
  std::vector<Scope> scopes;
  int nextScope = 0;
};

long Parser::number() {
  char *end = nullptr;
  std::string text = next().text;
  long value = strtol(text.c_str(), &end, 0);
  if (end == text.c_str())
    error("expected a number after '" + text + "'");
  return value;
}

void Parser::skipSection() {
  while (!is("{"))
    next();
  int depth = 0;
  do {
    depth += is("{") - is("}");
    if (peek().text.empty())
      error("unterminated section");
    next();
  } while (depth);
}

void Parser::initializer(Variable &v, int bytes) {
  bool braces = accept("{");
  v.init.assign(v.bytes, 0);
  uint64_t offset = 0;
  do {
    bool negative = accept("-");
    Token t = next();
    bool generic = t.text == "generic";
    if (generic) {
      expect("(");
      t = next();
    }
    uint64_t value = 0;
    if (isdigit(static_cast<unsigned char>(t.text[0]))) {
      bool real = t.text[1] == 'f' || t.text[1] == 'd';
      value = real ? strtoull(t.text.c_str() + 2, nullptr, 16)
                   : strtoull(t.text.c_str(), nullptr, 0);
      value = negative ? 0 - value : value;
    } else {
      int64_t plus = accept("+") ? number() : 0;
      v.addresses.push_back({offset, {t.text, plus}});
    }
    if (generic) {
      expect(")");
      if (accept("+"))
        v.addresses.back().second.second += number();
    }
    if (offset + bytes > v.init.size())
      error("too many initial values for " + v.name);
    memcpy(&v.init[offset], &value, bytes);
    offset += bytes;
  } while (braces && accept(","));
  if (braces)
    expect("}");
}

/// `.space [.align n] .type name[count] [= init]`; the space has been read.
Variable Parser::variable(std::string space) {
  Variable v;
  v.space = std::move(space);
  int bytes = -1, lanes = 1;
  while (peek().text[0] == '.') {
    std::string word = next().text;
    if (word == ".align")
      v.align = number();
    else if (word == ".v2" || word == ".v4")
      lanes = word[2] - '0';
    else if (word == ".ptr")
      continue;
    else if (word == ".attribute" && is("("))
      while (!accept(")"))
        next();
    else if (isScalarType(word))
      bytes = typeBytes(word);
  }
  if (bytes < 0)
    error("expected a type in a declaration");
  v.name = next().text;
  v.bytes = uint64_t(bytes) * lanes;
  v.align = std::max<uint64_t>(v.align, v.bytes ? v.bytes : 1);
  while (accept("[")) {
    v.bytes *= is("]") ? 0 : number();
    expect("]");
  }
  if (accept("="))
    initializer(v, bytes);
  return v;
}

void Parser::parameters(std::vector<Variable> &list) {
  expect("(");
  while (!accept(")")) {
    std::string space = next().text;
    if (space == ".reg")
      error("register parameters are not supported");
    if (space != ".param")
      error("expected .param before '" + space + "'");
    list.push_back(variable("param"));
    accept(",");
  }
}

void Parser::functionDirectives() {
  while (peek().text[0] == '.') {
    std::string word = next().text;
    if (word == ".reqntid" || word == ".reqnctapercluster" ||
        word == ".maxntid") {
      int values[3] = {1, 1, 1};
      int count = 0;
      do
        values[count++] = number();
      while (accept(",") && count < 3);
      if (word == ".maxntid")
        fn->maxntid = values[0] * values[1] * values[2];
      else
        memcpy(word == ".reqntid" ? fn->reqntid : fn->cluster, values,
               sizeof(values));
    } else if (word == ".pragma") {
      next();
      expect(";");
    } else if (isdigit(static_cast<unsigned char>(peek().text[0]))) {
      number();
    }
  }
}

void Parser::function(bool entry) {
  auto owned = std::make_unique<Function>();
  fn = owned.get();
  fn->entry = entry;
  if (!entry && is("("))
    parameters(fn->results);
  fn->name = next().text;
  if (is("("))
    parameters(fn->params);
  functionDirectives();
  module->functions.push_back(std::move(owned));
  if (accept(";"))
    return;
  expect("{");
  fn->defined = true;
  body();
}

bool Parser::moduleDirective() {
  std::string word = next().text;
  if (word == ".visible" || word == ".extern" || word == ".weak" ||
      word == ".common") {
    size_t start = module->variables.size();
    if (!moduleDirective())
      return false;
    if (word == ".extern" && module->variables.size() > start)
      module->variables.back().external = true;
    return true;
  }
  if (word == ".version" || word == ".address_size") {
    next();
  } else if (word == ".target") {
    module->target = next().text;
    while (accept(","))
      next();
  } else if (word == ".entry" || word == ".func") {
    function(word == ".entry");
  } else if (word == ".global" || word == ".const" || word == ".shared") {
    module->variables.push_back(variable(word.substr(1)));
    expect(";");
  } else if (word == ".section") {
    skipSection();
  } else if (word == ".pragma" || word == ".alias") {
    while (!accept(";"))
      next();
  } else {
    --at;
    return false;
  }
  return true;
}

std::unique_ptr<Module> Parser::run() {
  auto owned = std::make_unique<Module>();
  module = owned.get();
  while (!peek().text.empty())
    if (!moduleDirective())
      error("expected a directive");
  if (module->target.empty())
    error("this is not PTX: no .target");
  return owned;
}

void Parser::registers() {
  int bytes = typeBytes(next().text);
  if (bytes < 0)
    error("register of an unknown type");
  do {
    std::string name = next().text;
    if (accept("<")) {
      scopes.back().ranges.push_back({name, number(), bytes});
      expect(">");
    } else {
      scopes.back().registers[name] = fn->registerBytes.size();
      fn->registerBytes.push_back(bytes);
      fn->registerNames.push_back(name);
    }
  } while (accept(","));
  expect(";");
}

int Parser::findRegister(const std::string &name) {
  for (size_t s = scopes.size(); s-- > 0;) {
    auto it = scopes[s].registers.find(name);
    if (it != scopes[s].registers.end())
      return it->second;
    for (const Scope::Range &range : scopes[s].ranges) {
      size_t length = range.prefix.size();
      if (name.size() <= length || name.compare(0, length, range.prefix) ||
          name.find_first_not_of("0123456789", length) != std::string::npos)
        continue;
      if (atol(name.c_str() + length) >= range.count)
        continue;
      int index = fn->registerBytes.size();
      fn->registerBytes.push_back(range.bytes);
      fn->registerNames.push_back(name);
      scopes[s].registers[name] = index;
      return index;
    }
  }
  return -1;
}

std::string Parser::rename(const std::string &name) const {
  for (size_t s = scopes.size(); s-- > 0;) {
    auto it = scopes[s].renamed.find(name);
    if (it != scopes[s].renamed.end())
      return it->second;
  }
  return name;
}

Operand Parser::atom() {
  Operand o;
  if (accept("!"))
    o.negated = true;
  bool minus = accept("-");
  if (!minus)
    accept("+");
  std::string word = next().text;
  if (word.empty())
    error("expected an operand");
  if (isdigit(static_cast<unsigned char>(word[0]))) {
    bool real = word.size() > 2 && word[0] == '0' && strchr("fFdD", word[1]);
    if (real) {
      o.kind = Operand::Float;
      o.floatBytes = tolower(word[1]) == 'f' ? 4 : 8;
      o.bits = strtoull(word.c_str() + 2, nullptr, 16);
    } else if (word.find('.') != std::string::npos) {
      o.kind = Operand::Float;
      o.floatBytes = 8;
      double d = atof(word.c_str());
      memcpy(&o.bits, &d, 8);
    } else {
      o.kind = Operand::Integer;
      o.bits = strtoull(word.c_str(), nullptr, 0);
    }
    if (minus)
      o.bits = real ? o.bits ^ (1ull << (o.floatBytes * 8 - 1)) : 0 - o.bits;
    return o;
  }
  if (word == "_") {
    o.kind = Operand::Sink;
    return o;
  }
  o.reg = findRegister(word);
  o.kind = o.reg >= 0 ? Operand::Register : Operand::Symbol;
  o.name = o.reg >= 0 ? word : rename(word);
  return o;
}

Operand Parser::operand() {
  Operand o;
  if (is("{") || is("(") || is("[")) {
    std::string open = next().text;
    const char *close = open == "{" ? "}" : open == "(" ? ")" : "]";
    o.kind = open == "[" ? Operand::Memory : Operand::Vector;
    while (!accept(close)) {
      o.parts.push_back(operand());
      accept(",");
    }
    if (open == "[" && o.parts.empty())
      error("expected an address");
    if (open == "[") {
      o.offset = o.parts[0].offset;
      o.parts[0].offset = 0;
    }
    return o;
  }
  o = atom();
  if (accept("+")) {
    bool minus = accept("-");
    o.offset = number() * (minus ? -1 : 1);
  } else if (is("-") && o.kind != Operand::Integer) {
    next();
    o.offset = -number();
  }
  if (accept("|")) {
    Operand pair;
    pair.kind = Operand::Pair;
    pair.parts = {o, atom()};
    return pair;
  }
  return o;
}

void Parser::branchTargets(const std::string &name) {
  std::vector<std::string> &table = fn->branchTables[name];
  do
    table.push_back(next().text);
  while (accept(","));
  expect(";");
}

bool Parser::bodyDirective() {
  std::string word = peek().text;
  if (word == "{") {
    next();
    scopes.push_back({});
    ++nextScope;
    // Labels of an inner scope are its own: rename them ahead of their uses.
    int depth = 1;
    for (size_t i = at; i + 1 < tokens.size() && depth > 0; ++i) {
      depth += (tokens[i].text == "{") - (tokens[i].text == "}");
      if (depth == 1 && tokens[i + 1].text == ":" && isWord(tokens[i].text[0]))
        scopes.back().renamed[tokens[i].text] =
            tokens[i].text + "#" + std::to_string(nextScope);
    }
    return true;
  }
  if (word == ".reg") {
    next();
    registers();
    return true;
  }
  if (word == ".param" || word == ".local" || word == ".shared" ||
      word == ".extern") {
    bool external = accept(".extern");
    std::string space = next().text.substr(1);
    Variable v = variable(space);
    v.external = external;
    expect(";");
    std::string unique = v.name;
    if (scopes.size() > 1) {
      unique += "#" + std::to_string(nextScope);
      scopes.back().renamed[v.name] = unique;
    }
    v.name = unique;
    fn->variables.push_back(v);
    return true;
  }
  if (word == ".pragma") {
    while (!accept(";"))
      next();
    return true;
  }
  return false;
}

void Parser::body() {
  scopes.assign(1, Scope());
  for (;;) {
    if (is("}")) {
      next();
      scopes.pop_back();
      if (scopes.empty())
        break;
    } else if (peek(1).text == ":") {
      std::string label = next().text;
      next();
      if (accept(".branchtargets"))
        branchTargets(label);
      else if (is(".callprototype"))
        error("indirect calls are not supported");
      else
        fn->labels[rename(label)] = fn->body.size();
    } else if (peek().text.empty()) {
      error("unterminated function");
    } else if (!accept(";") && !bodyDirective()) {
      statement();
    }
  }
}

void Parser::statement() {
  Statement s;
  s.line = peek().line;
  if (accept("@")) {
    Operand guard = atom();
    if (guard.kind != Operand::Register)
      error("expected a predicate after '@'");
    s.guard = guard.reg;
    s.guardNegated = guard.negated;
  }
  s.opcode = next().text;
  if (!isalpha(static_cast<unsigned char>(s.opcode[0])))
    error("expected an instruction before");
  size_t start = 0;
  for (size_t dot; (dot = s.opcode.find('.', start)) != std::string::npos;
       start = dot + 1)
    s.parts.push_back(s.opcode.substr(start, dot - start));
  s.parts.push_back(s.opcode.substr(start));
  while (!accept(";")) {
    s.operands.push_back(operand());
    if (!is(";"))
      expect(",");
  }
  fn->body.push_back(std::move(s));
}

} // namespace

std::unique_ptr<Module> tegula::ptx::parse(const std::string &text) {
  return Parser(text).run();
}
