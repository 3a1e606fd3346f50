#include "json.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct json {
  text_t source, name;
  json_t *first, *next;
};

enum { DEEPEST = 128 };

typedef struct {
  const uint8_t *at, *end;
} reader;

static json_t *value(reader *from, int depth);

static void space(reader *from) {
  while (from->at < from->end && strchr(" \t\r\n", *from->at) && *from->at) from->at++;
}

static bool take(reader *from, char sign) {
  space(from);
  if (from->at == from->end || *from->at != (uint8_t)sign) return false;
  from->at++;
  return true;
}

// An escape, behind its backslash.
static bool escape(reader *from) {
  if (from->at == from->end || !*from->at || !strchr("\"\\/bfnrtu", *from->at)) return false;
  if (*from->at++ != 'u') return true;
  for (int i = 0; i < 4; i++, from->at++) {
    if (from->at == from->end || !isxdigit(*from->at)) return false;
  }
  return true;
}

// A text with its quotes.
static bool quoted(reader *from, text_t *source) {
  const uint8_t *begin = from->at;
  if (!take(from, '"')) return false;
  while (from->at < from->end && *from->at != '"') {
    uint8_t sign = *from->at++;
    if (sign < 0x20 || (sign == '\\' && !escape(from))) return false;
  }
  if (from->at == from->end) return false;
  from->at++;
  *source = (text_t){(uint8_t *)begin, from->at - begin};
  return true;
}

static bool members(reader *from, json_t *owner, bool named, int depth) {
  char close = named ? '}' : ']';
  if (take(from, close)) return true;
  json_t **link = &owner->first;
  do {
    text_t name = {0};
    space(from);
    if (named && (!quoted(from, &name) || !take(from, ':'))) return false;
    if (!(*link = value(from, depth + 1))) return false;
    (*link)->name = name;
    link = &(*link)->next;
  } while (take(from, ','));
  return take(from, close);
}

static bool digits(reader *from) {
  const uint8_t *begin = from->at;
  while (from->at < from->end && isdigit(*from->at)) from->at++;
  return from->at > begin;
}

static bool optional(reader *from, const char *signs) {
  bool is = from->at < from->end && *from->at && strchr(signs, *from->at);
  from->at += is;
  return is;
}

static bool number(reader *from) {
  optional(from, "-");
  // Nothing stands behind a zero at the beginning.
  if (!optional(from, "0") && !digits(from)) return false;
  if (optional(from, ".") && !digits(from)) return false;
  if (!optional(from, "eE")) return true;
  optional(from, "+-");
  return digits(from);
}

static bool word(reader *from, const char *expected) {
  size_t len = strlen(expected);
  if ((size_t)(from->end - from->at) < len || memcmp(from->at, expected, len)) return false;
  from->at += len;
  return true;
}

static json_t *value(reader *from, int depth) {
  space(from);
  json_t *read = calloc(1, sizeof *read);
  if (!read || depth > DEEPEST || from->at == from->end) return NULL;
  const uint8_t *begin = from->at;
  bool is = *begin == '{'   ? take(from, '{') && members(from, read, true, depth)
            : *begin == '[' ? take(from, '[') && members(from, read, false, depth)
            : *begin == '"' ? quoted(from, &read->source)
                            : word(from, "true") || word(from, "false") || word(from, "null") || number(from);
  read->source = (text_t){(uint8_t *)begin, from->at - begin};
  return is ? read : NULL;
}

json_t *json_read(text_t text) {
  reader from = {text.ptr, text.ptr + text.len};
  json_t *read = value(&from, 0);
  space(&from);
  return read && from.at == from.end ? read : NULL;
}

json_t *json_get(const json_t *object, const char *name) {
  for (json_t *it = json_first(object); it; it = json_next(it)) {
    if (text_is(json_name(it), name)) return text_is(it->source, "null") ? NULL : it;
  }
  return NULL;
}

json_t *json_first(const json_t *list) { return list ? list->first : NULL; }
json_t *json_next(const json_t *item) { return item ? item->next : NULL; }
bool json_is_text(const json_t *value) { return value && value->source.ptr[0] == '"'; }

static uint32_t hex4(const uint8_t *at) {
  char digits[5] = {0};
  memcpy(digits, at, 4);
  return (uint32_t)strtoul(digits, NULL, 16);
}

static size_t utf8(uint32_t sign, uint8_t *to) {
  if (sign < 0x80) return to[0] = sign, 1;
  int more = sign < 0x800 ? 1 : sign < 0x10000 ? 2 : 3;
  static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
  to[0] = lead[more] | (sign >> (6 * more));
  for (int i = 1; i <= more; i++) to[i] = 0x80 | ((sign >> (6 * (more - i))) & 0x3f);
  return more + 1;
}

static text_t unquoted(text_t source) {
  text_t text = {malloc(source.len), 0};
  const uint8_t *at = source.ptr + 1, *end = source.ptr + source.len - 1;
  while (text.ptr && at < end) {
    if (*at != '\\') {
      text.ptr[text.len++] = *at++;
      continue;
    }
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *known = strchr(from, at[1]);
    if (at[1] != 'u' || end - at < 6) {
      text.ptr[text.len++] = known ? (uint8_t)to[known - from] : at[1];
      at += 2;
      continue;
    }
    uint32_t sign = hex4(at + 2);
    at += 6;
    bool pair = sign >= 0xd800 && sign < 0xdc00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u';
    uint32_t low = pair ? hex4(at + 2) : 0;
    if (low >= 0xdc00 && low < 0xe000) {
      sign = 0x10000 + ((sign - 0xd800) << 10) + (low - 0xdc00);
      at += 6;
    }
    // Half a pair is no character.
    text.len += utf8(sign >= 0xd800 && sign < 0xe000 ? 0xfffd : sign, text.ptr + text.len);
  }
  return text;
}

text_t json_name(const json_t *member) { return member && member->name.len ? unquoted(member->name) : (text_t){0}; }
text_t json_text(const json_t *value) { return json_is_text(value) ? unquoted(value->source) : (text_t){0}; }

double json_number(const json_t *value) {
  char copy[64] = {0};
  if (!value || value->source.len >= sizeof copy || !strchr("-0123456789", value->source.ptr[0])) return 0;
  memcpy(copy, value->source.ptr, value->source.len);
  return strtod(copy, NULL);
}

static void append(text_t *text, const void *bytes, size_t len) {
  uint8_t *grown = len ? realloc(text->ptr, text->len + len) : NULL;
  if (!grown) return;
  memcpy(grown + text->len, bytes, len);
  *text = (text_t){grown, text->len + len};
}

text_t text_in_json(text_t text) {
  text_t written = {0};
  for (size_t i = 0; i < text.len; i++) {
    uint8_t sign = text.ptr[i];
    char escape[8];
    if (sign == '"' || sign == '\\') append(&written, "\\", 1);
    if (sign >= 0x20) append(&written, &sign, 1);
    else append(&written, escape, snprintf(escape, sizeof escape, "\\u%04x", sign));
  }
  return written;
}

static void add_quoted(text_t *text, text_t value) {
  text_t inside = text_in_json(value);
  append(text, "\"", 1);
  append(text, inside.ptr, inside.len);
  append(text, "\"", 1);
}

static void add(text_t *text, const char *format, va_list values) {
  for (; *format; format++) {
    if (*format != '%') {
      append(text, format, 1);
      continue;
    }
    char number[32];
    switch (*++format) {
      case 't': add_quoted(text, va_arg(values, text_t)); break;
      case 's': add_quoted(text, text_of(va_arg(values, const char *))); break;
      case 'j': {
        json_t *value = va_arg(values, json_t *);
        text_t source = value ? value->source : text_of("null");
        append(text, source.ptr, source.len);
        break;
      }
      case 'r': {
        text_t written = va_arg(values, text_t);
        append(text, written.ptr, written.len);
        break;
      }
      case 'd': append(text, number, snprintf(number, sizeof number, "%d", va_arg(values, int))); break;
      case 'g': append(text, number, snprintf(number, sizeof number, "%.15g", va_arg(values, double))); break;
      case 'b': va_arg(values, int) ? append(text, "true", 4) : append(text, "false", 5); break;
      default: append(text, format, 1);
    }
  }
}

text_t json_write(const char *format, ...) {
  text_t text = {0};
  va_list values;
  va_start(values, format);
  add(&text, format, values);
  va_end(values);
  return text;
}

void json_add(text_t *text, const char *format, ...) {
  va_list values;
  va_start(values, format);
  add(text, format, values);
  va_end(values);
}

text_t text_of(const char *text) { return (text_t){(uint8_t *)text, strlen(text)}; }
bool text_equal(text_t one, text_t other) {
  return one.len == other.len && (!one.len || !memcmp(one.ptr, other.ptr, one.len));
}
bool text_is(text_t text, const char *other) { return text_equal(text, text_of(other)); }

text_t text_replace(text_t text, text_t found, text_t other) {
  text_t replaced = {0};
  for (size_t at = 0; at < text.len;) {
    bool here = found.len && text.len - at >= found.len && !memcmp(text.ptr + at, found.ptr, found.len);
    append(&replaced, here ? other.ptr : text.ptr + at, here ? other.len : 1);
    at += here ? found.len : 1;
  }
  return replaced;
}
