#include "nfc.h"

#include "base/text.h"

static const struct {
    uint16_t base, mark, composed;
} compositions[] = {
#define COMPOSE(base, mark, composed) { base, mark, composed },
#include "letters.def"
};

static const struct {
    uint16_t mark, rank;
} marks[] = {
#define MARK(mark, rank) { mark, rank },
#include "letters.def"
};

uint32_t nl_nfc_code_point(const char *text, size_t *length)
{
    const unsigned char *s = (const unsigned char *)text;
    const size_t more = s[0] < 0x80 ? 0 : s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3;
    uint32_t point = more == 0 ? s[0] : s[0] & (0x3fu >> more);

    for (size_t k = 1; k <= more; k++) point = point << 6 | (s[k] & 0x3fu);
    *length = more + 1;
    return point;
}

static void add_code_point(nl_text *out, uint32_t point)
{
    const int more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const unsigned char leads[] = { 0, 0xc0, 0xe0, 0xf0 };
    char bytes[4];

    bytes[0] = (char)(leads[more] | point >> (6 * more));
    for (int k = 1; k <= more; k++) bytes[k] = (char)(0x80 | (point >> (6 * (more - k)) & 0x3f));
    nl_text_add(out, bytes, (size_t)more + 1);
}

/* The canonical combining class; 0: no mark. */
static unsigned rank_of(uint32_t point)
{
    for (size_t k = 0; k < NL_LEN(marks); k++)
        if (marks[k].mark == point) return marks[k].rank;
    return 0;
}

/* 0 where there is none. */
static uint32_t compose(uint32_t base, uint32_t mark)
{
    size_t low = 0, high = NL_LEN(compositions);

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const uint32_t b = compositions[middle].base, m = compositions[middle].mark;
        if (b == base && m == mark) return compositions[middle].composed;
        if (b < base || (b == base && m < mark)) low = middle + 1;
        else high = middle;
    }
    return 0;
}

/* The two code points that a composed one stands for. */
static bool decompose(uint32_t point, uint32_t *base, uint32_t *mark)
{
    for (size_t k = 0; k < NL_LEN(compositions); k++)
        if (compositions[k].composed == point) {
            *base = compositions[k].base;
            *mark = compositions[k].mark;
            return true;
        }
    return false;
}

typedef NL_LIST(uint32_t) points;

/* Letters whose code point is another letter's twin: ohm, kelvin, angstrom. */
static uint32_t untwinned(uint32_t point)
{
    return point == 0x2126 ? 0x03a9 : point == 0x212a ? 0x004b : point == 0x212b ? 0x00c5 : point;
}

static void add_decomposed(nl_arena *arena, points *out, uint32_t point)
{
    uint32_t base, mark;

    if (decompose(point, &base, &mark)) {
        add_decomposed(arena, out, base);
        point = mark;
    }
    NL_PUSH(arena, out, point);
    /* marks behind one letter: ascending rank, equal ones in their order */
    for (size_t k = out->count - 1; k > 0 && rank_of(point) > 0 && rank_of(out->items[k - 1]) > rank_of(point); k--) {
        out->items[k] = out->items[k - 1];
        out->items[k - 1] = point;
    }
}

/* Joins to the letter at *letter each mark that can be, unless one of the same rank stands between. */
static size_t compose_at(const points *list, size_t begin, nl_text *out)
{
    uint32_t letter = list->items[begin];
    unsigned blocked = 0;
    size_t end = begin + 1;
    nl_text rest = nl_text_new(out->arena);

    for (; end < list->count && rank_of(list->items[end]) > 0; end++) {
        const unsigned rank = rank_of(list->items[end]);
        const uint32_t joined = rank > blocked ? compose(letter, list->items[end]) : 0;

        if (joined != 0) {
            letter = joined;
        } else {
            add_code_point(&rest, list->items[end]);
            blocked = rank;
        }
    }
    add_code_point(out, letter);
    nl_text_adds(out, rest.chars);
    return end;
}

const char *nl_nfc_compose(nl_arena *arena, const char *text, size_t length)
{
    nl_text out = nl_text_new(arena);
    points list = { 0 };

    for (size_t at = 0, step; at < length; at += step)
        add_decomposed(arena, &list, untwinned(nl_nfc_code_point(text + at, &step)));
    for (size_t at = 0; at < list.count;) at = compose_at(&list, at, &out);
    return out.chars;
}
