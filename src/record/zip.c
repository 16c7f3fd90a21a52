#include "zip.h"

#include <assert.h>
#include <string.h>

enum {
    LOCAL_HEADER = 0x04034b50, DIRECTORY_ENTRY = 0x02014b50, DIRECTORY_END = 0x06054b50,
    DIRECTORY_END_64 = 0x06064b50, LOCATOR_64 = 0x07064b50,
    EXTRA_64 = 1,        /* id of the extra field with 64-bit sizes */
    VERSION = 45,        /* of the format: the one with 64-bit records */
    UTF8_NAME = 1 << 11, /* flag: names are UTF-8 */
    DATE = 1 << 5 | 1,   /* 1 January 1980: the same results make the same file */
    CRC_AT = 14          /* of the checksum in a local header */
};

typedef struct member {
    const char *name;
    uint64_t at, size;
    uint32_t crc;
} member;

struct nl_zip {
    nl_arena *arena;
    FILE *file;
    uint64_t at;            /* where the stream stands */
    uint32_t table[8][256]; /* of the checksum, for eight bytes at once */
    NL_LIST(member) members;
};

/* Little-endian fields, collected before they are written. */
typedef struct record {
    unsigned char bytes[128];
    size_t length;
} record;

static void put(record *r, int bytes, uint64_t number)
{
    for (int i = 0; i < bytes; i++) r->bytes[r->length++] = (unsigned char)(number >> 8 * i);
    assert(r->length <= sizeof r->bytes);
}

static bool write_bytes(nl_zip *zip, const void *bytes, size_t count)
{
    zip->at += count;
    return fwrite(bytes, 1, count, zip->file) == count;
}

static void fill_table(uint32_t table[8][256])
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++) c = (c & 1) != 0 ? 0xEDB88320u ^ c >> 1 : c >> 1;
        table[0][i] = c;
    }
    for (int k = 1; k < 8; k++)
        for (uint32_t i = 0; i < 256; i++) table[k][i] = table[0][table[k - 1][i] & 0xFF] ^ table[k - 1][i] >> 8;
}

static uint32_t crc_add(const uint32_t table[8][256], uint32_t crc, const unsigned char *p, size_t count)
{
    for (; count >= 8; count -= 8, p += 8) {
        const uint32_t x = crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);

        crc = table[7][x & 0xFF] ^ table[6][x >> 8 & 0xFF] ^ table[5][x >> 16 & 0xFF] ^ table[4][x >> 24] ^
              table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
    }
    for (; count > 0; count--, p++) crc = table[0][(crc ^ *p) & 0xFF] ^ crc >> 8;
    return crc;
}

nl_zip *nl_zip_new(nl_arena *arena, FILE *file)
{
    nl_zip *zip = NL_NEW(arena, nl_zip);
    const off_t at = ftello(file);

    zip->arena = arena;
    zip->file = file;
    zip->at = at > 0 ? (uint64_t)at : 0;
    fill_table(zip->table);
    return zip;
}

/* A number as it stands in a 32-bit field; all ones point to the extra field. */
static uint32_t narrow(uint64_t number)
{
    return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

bool nl_zip_begin(nl_zip *zip, const char *name, uint64_t size)
{
    const bool wide = size >= UINT32_MAX;
    record r = { .length = 0 };
    const member m = { nl_arena_strdup(zip->arena, name), zip->at, size, UINT32_MAX };

    NL_PUSH(zip->arena, &zip->members, m);
    put(&r, 4, LOCAL_HEADER);
    put(&r, 2, VERSION);
    put(&r, 2, UTF8_NAME);
    put(&r, 2, 0); /* stored */
    put(&r, 2, 0); /* midnight */
    put(&r, 2, DATE);
    put(&r, 4, 0); /* checksum: written by nl_zip_end */
    put(&r, 4, narrow(size));
    put(&r, 4, narrow(size));
    put(&r, 2, strlen(name));
    put(&r, 2, wide ? 20 : 0);
    if (!write_bytes(zip, r.bytes, r.length) || !write_bytes(zip, name, strlen(name))) return false;
    if (!wide) return true;
    r.length = 0;
    put(&r, 2, EXTRA_64);
    put(&r, 2, 16);
    put(&r, 8, size);
    put(&r, 8, size);
    return write_bytes(zip, r.bytes, r.length);
}

bool nl_zip_add(nl_zip *zip, const void *bytes, size_t count)
{
    member *m = &zip->members.items[zip->members.count - 1];

    m->crc = crc_add(zip->table, m->crc, bytes, count);
    return write_bytes(zip, bytes, count);
}

bool nl_zip_end(nl_zip *zip)
{
    member *m = &zip->members.items[zip->members.count - 1];
    record r = { .length = 0 };

    m->crc = ~m->crc;
    put(&r, 4, m->crc);
    return fseeko(zip->file, (off_t)(m->at + CRC_AT), SEEK_SET) == 0 && fwrite(r.bytes, 4, 1, zip->file) == 1 &&
           fseeko(zip->file, (off_t)zip->at, SEEK_SET) == 0;
}

/* The 64-bit numbers of a directory entry, of those fields only that are all ones there. */
static record extra_of(const member *m)
{
    record r = { .length = 0 };
    const int count = (m->size >= UINT32_MAX ? 2 : 0) + (m->at >= UINT32_MAX ? 1 : 0);

    if (count == 0) return r;
    put(&r, 2, EXTRA_64);
    put(&r, 2, 8 * (uint64_t)count);
    if (m->size >= UINT32_MAX) {
        put(&r, 8, m->size);
        put(&r, 8, m->size);
    }
    if (m->at >= UINT32_MAX) put(&r, 8, m->at);
    return r;
}

static bool write_entry(nl_zip *zip, const member *m)
{
    const record extra = extra_of(m);
    record r = { .length = 0 };

    put(&r, 4, DIRECTORY_ENTRY);
    put(&r, 2, 3 << 8 | VERSION); /* made on Unix */
    put(&r, 2, VERSION);
    put(&r, 2, UTF8_NAME);
    put(&r, 2, 0);
    put(&r, 2, 0);
    put(&r, 2, DATE);
    put(&r, 4, m->crc);
    put(&r, 4, narrow(m->size));
    put(&r, 4, narrow(m->size));
    put(&r, 2, strlen(m->name));
    put(&r, 2, extra.length);
    put(&r, 2, 0); /* comment */
    put(&r, 2, 0); /* disk */
    put(&r, 2, 0); /* internal attributes */
    put(&r, 4, (uint64_t)0644 << 16);
    put(&r, 4, narrow(m->at));
    return write_bytes(zip, r.bytes, r.length) && write_bytes(zip, m->name, strlen(m->name)) &&
           write_bytes(zip, extra.bytes, extra.length);
}

static bool write_end_64(nl_zip *zip, uint64_t begin, uint64_t size)
{
    const uint64_t at = zip->at;
    record r = { .length = 0 };

    put(&r, 4, DIRECTORY_END_64);
    put(&r, 8, 44); /* length of the rest of this record */
    put(&r, 2, 3 << 8 | VERSION);
    put(&r, 2, VERSION);
    put(&r, 4, 0);
    put(&r, 4, 0);
    put(&r, 8, zip->members.count);
    put(&r, 8, zip->members.count);
    put(&r, 8, size);
    put(&r, 8, begin);
    put(&r, 4, LOCATOR_64);
    put(&r, 4, 0);
    put(&r, 8, at);
    put(&r, 4, 1);
    return write_bytes(zip, r.bytes, r.length);
}

bool nl_zip_finish(nl_zip *zip)
{
    const uint64_t begin = zip->at, count = zip->members.count;
    const uint64_t short_count = count < UINT16_MAX ? count : UINT16_MAX;
    record r = { .length = 0 };

    for (size_t i = 0; i < count; i++)
        if (!write_entry(zip, &zip->members.items[i])) return false;
    const uint64_t size = zip->at - begin;
    if ((count >= UINT16_MAX || size >= UINT32_MAX || begin >= UINT32_MAX) && !write_end_64(zip, begin, size))
        return false;
    put(&r, 4, DIRECTORY_END);
    put(&r, 2, 0);
    put(&r, 2, 0);
    put(&r, 2, short_count);
    put(&r, 2, short_count);
    put(&r, 4, narrow(size));
    put(&r, 4, narrow(begin));
    put(&r, 2, 0);
    return write_bytes(zip, r.bytes, r.length) && fflush(zip->file) == 0;
}
