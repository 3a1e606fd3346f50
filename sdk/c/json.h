// JSON for plugins in C: documents are read into values that point into the text, and written by a format. Memory is
// that of the call (memory.c): nothing has to be given back.
#pragma once

#include <stdbool.h>

#include "sluice.h"

// UTF-8, as the contract has it, without a zero at the end.
typedef sluice_string_t text_t;

// A value. NULL is what is not there: reading from it gives nothing.
typedef struct json json_t;

// Reads a document; NULL: it is no JSON.
json_t *json_read(text_t text);

// A member of an object; NULL: there is none, or it is null.
json_t *json_get(const json_t *object, const char *name);

// The first element of a list or member of an object, and the one after it; NULL: there is none.
json_t *json_first(const json_t *list);
json_t *json_next(const json_t *item);

// A member's name.
text_t json_name(const json_t *member);

bool json_is_text(const json_t *value);
// The text, without escapes; empty: it is none.
text_t json_text(const json_t *value);
// The number; 0: it is none.
double json_number(const json_t *value);

// Writes a document by a format, in which stand for values:
//   %t a text_t and %s a C string, as JSON text      %j a json_t *, as it was read; null if NULL
//   %r a text_t as it is: JSON that was written      %d an int   %g a double   %b a bool   %% the sign
text_t json_write(const char *format, ...);
// The same, behind a text that was written so, or an empty one ({0}).
void json_add(text_t *text, const char *format, ...);

// Texts.
text_t text_of(const char *text);
bool text_is(text_t text, const char *other);
bool text_equal(text_t one, text_t other);
// A part of a text with another one in place of each that is found.
text_t text_replace(text_t text, text_t found, text_t other);
// A text as it stands inside of a JSON text.
text_t text_in_json(text_t text);

// To be called when a call has ended; the exports of this SDK do.
void call_ended(void);
