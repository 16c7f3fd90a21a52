/* Writes a zip archive of stored (uncompressed) members, of any size: members and archives of 4 GiB and more get the
 * 64-bit records of the format (APPNOTE.TXT 4.3, 4.5.3).  The stream stays the caller's; a failure is told by errno. */
#ifndef NL_RECORD_ZIP_H
#define NL_RECORD_ZIP_H

#include "base/arena.h"

#include <stdio.h>

typedef struct nl_zip nl_zip;

/* Members begin where the stream stands, which must be able to seek. */
nl_zip *nl_zip_new(nl_arena *arena, FILE *file);

/* A member: begin with its size, add exactly so many bytes, end. */
bool nl_zip_begin(nl_zip *zip, const char *name, uint64_t size);
bool nl_zip_add(nl_zip *zip, const void *bytes, size_t count);
bool nl_zip_end(nl_zip *zip);

/* Writes the directory behind the last member. */
bool nl_zip_finish(nl_zip *zip);

#endif
