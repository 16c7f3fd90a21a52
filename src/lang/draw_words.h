/* What draws make of random words.  Like the words of op_words.h, which come before it, this is read for doubles in
 * random.c and for vectors of doubles in exec/kernels_draw.c: an includer says by NL_READING which.  Logarithm, sine
 * and cosine are written out here: for numbers in (0, 1) they need half the time of general ones, and being sums,
 * products, quotients and roots, they are the same bits on every processor. */
#ifndef NL_LANG_DRAW_WORDS_H
#define NL_LANG_DRAW_WORDS_H

#define NL_ONE_BITS 0x3FF0000000000000u  /* of 1 */
#define NL_WHOLE_BITS 0x4330000000000000u /* of 2^52: with a small whole number in the lowest bits, their sum */

/* Poisson and binomial counts: below this mean, counting through is fast; from here on, rejection is valid. */
enum { NL_INVERSION_BELOW = 10 };

/* In the open interval (0, 1), all values exact: logarithms of u and 1 - u are finite.  Unused: the lowest 12 bits. */
static inline NUMBER NL_WORD(unit)(BITS word)
{
    return AS_NUMBER(word >> 12 | NL_ONE_BITS) - (1 - 0x1p-53);
}

/* As FreeBSD's log(), within an ulp: u = 2^k m with m from sqrt(1/2) to sqrt(2), and the series of atanh for m. */
static inline NUMBER NL_WORD(log_of_unit)(NUMBER u)
{
    const uint64_t root = 0x3FE6A09E667F3BCDu; /* sqrt(1/2) */
    const BITS above = AS_BITS(u) + (NL_ONE_BITS - root);
    const NUMBER k = AS_NUMBER(above >> 52 | NL_WHOLE_BITS) - (0x1p52 + 1023);
    const NUMBER f = AS_NUMBER((above & 0x000FFFFFFFFFFFFFu) + root) - 1.0, s = f / (2.0 + f), z = s * s, w = z * z;
    const NUMBER odd = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    const NUMBER even = z * (6.666666666666735130e-01 + w * (2.857142874366239149e-01
                             + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    const NUMBER half = 0.5 * f * f;

    return k * 6.93147180369123816490e-01 - ((half - (s * (half + (odd + even)) + k * 1.90821492927058770002e-10)) - f);
}

/* Box and Muller (1958), both of the pair: the first word is the radius, the second the angle, within an eighth of a
 * turn of an axis; its two lowest bits choose the axis.  Sine and cosine with the coefficients of FreeBSD's. */
static inline void NL_WORD(normals)(BITS a, BITS b, NUMBER *first, NUMBER *second)
{
    const NUMBER length = SQRT(-2.0 * NL_WORD(log_of_unit)(NL_WORD(unit)(a)));
    const NUMBER radius = AS_NUMBER(AS_BITS(length) | b << 63), t = (NL_WORD(unit)(b) - 0.5) * M_PI_2, z = t * t;
    const NUMBER sine = t + t * z * (-1.66666666666666324348e-01 + z * (8.33333333332248946124e-03
                        + z * (-1.98412698298579493134e-04 + z * (2.75573137070700676789e-06
                        + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)))));
    const NUMBER cosine = 1.0 - 0.5 * z + z * z * (4.16666666666666019037e-02 + z * (-1.38888888888741095749e-03
                          + z * (2.48015872894767294178e-05 + z * (-2.75573143513906633035e-07
                          + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))));

    *first = radius * SELECT((b & 2) != 0, sine, cosine);
    *second = radius * SELECT((b & 2) != 0, cosine, sine);
}

/* --- distributions: of a number u in (0, 1) or z, normal; a and b are the arguments --- */

/* Where rounding reaches the end, which does not belong to the interval, the beginning stands for it. */
static inline NUMBER NL_WORD(uniform)(NUMBER u, NUMBER a, NUMBER b)
{
    const NUMBER x = a + (b - a) * u;

    return SELECT((a < b) & (x >= b), a, x);
}

static inline NUMBER NL_WORD(bernoulli)(NUMBER u, NUMBER a, NUMBER b)
{
    (void)b;
    return TRUTH(u < a);
}

static inline NUMBER NL_WORD(exponential)(NUMBER u, NUMBER a, NUMBER b)
{
    (void)b;
    return -a * NL_WORD(log_of_unit)(u);
}

static inline NUMBER NL_WORD(normal)(NUMBER z, NUMBER a, NUMBER b)
{
    return a + b * z;
}

static inline NUMBER NL_WORD(lognormal)(NUMBER z, NUMBER a, NUMBER b)
{
    const NUMBER ratio = b / a, variance = LOG1P(ratio * ratio); /* of the logarithm */

    return SELECT(a > 0.0, a * EXP(SQRT(variance) * z - variance * 0.5), (double)NAN);
}

#endif
