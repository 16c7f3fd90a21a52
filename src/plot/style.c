/* How figures look: colours that people with colour-blindness tell apart, a palette whose lightness rises evenly, no
 * frame where it says nothing. */
#include "panel.h"

/* The colours of Okabe and Ito, the pale yellow last. */
static const uint32_t colors[] = { 0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0xE69F00, 0x56B4E9, 0x000000, 0xF0E442 };

/* Steps of equal lightness in OKLab, from dark violet through green to yellow; and from blue through white to red. */
static const uint32_t sequential[] = { 0x37005B, 0x3B007C, 0x361D91, 0x28369E, 0x044CA7, 0x01619C,
                                       0x02719C, 0x05819E, 0x0891A0, 0x0AA0A2, 0x06B1A0, 0x13C198,
                                       0x40D089, 0x75DB77, 0xA3E461, 0xD0EA47, 0xFCEE28 };
static const uint32_t diverging[] = { 0x034B95, 0x115FB3, 0x3875BF, 0x588ACA, 0x76A0D5, 0x94B5DF,
                                      0xB3CAE8, 0xD3E0F0, 0xF5F5F5, 0xEFD9D3, 0xE6BEB3, 0xDBA394,
                                      0xCF8876, 0xC16E59, 0xB3533B, 0xA43519, 0x8B2000 };

static uint32_t between(uint32_t a, uint32_t b, double share)
{
    uint32_t out = 0;

    for (int shift = 0; shift <= 16; shift += 8) {
        const double from = (a >> shift) & 255, to = (b >> shift) & 255;
        out |= (uint32_t)lround(from + (to - from) * share) << shift;
    }
    return out;
}

/* A few curves have colours of their own; of many the order is shown. */
uint32_t nl_color_of(size_t index, size_t count)
{
    if (count <= NL_LEN(colors)) return colors[index % NL_LEN(colors)];
    const double at = (double)index / (double)(count - 1) * (NL_LEN(sequential) - 2); /* not the palest */
    const size_t step = (size_t)at;
    return between(sequential[step], sequential[step + 1], at - (double)step);
}

uint32_t nl_color_mix(uint32_t color, double share) { return between(0xFFFFFF, color, share); }

void nl_style_palette(nl_panel *p, bool is_diverging)
{
    const uint32_t *stops = is_diverging ? diverging : sequential;
    const size_t count = is_diverging ? NL_LEN(diverging) : NL_LEN(sequential);

    nl_text_adds(&p->script, "set palette defined (");
    for (size_t i = 0; i < count; i++)
        nl_text_addf(&p->script, "%s%zu '#%06X'", i > 0 ? ", " : "", i, (unsigned)stops[i]);
    nl_text_adds(&p->script, ") maxcolors 256\n");
}

void nl_style_begin(nl_text *script)
{
    nl_text_adds(script, "reset\n"
                         "set border 3 lw 0.8 lc rgb '#404040'\n"
                         "set tics nomirror out scale 0.5 textcolor rgb '#202020'\n"
                         "set key tmargin left Left reverse horizontal samplen 1.4 noenhanced\n"
                         "set style fill solid 1 noborder\n"
                         "set format '%h'\n");
}
