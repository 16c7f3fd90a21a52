/* The exponential and its relatives, read like op_words.h for doubles, in exp.c, and for vectors of doubles, in
 * exec/kernel_vector.h: an includer says by NL_READING which.  They are written out here because neurons spend their
 * time in them: made of single operations they are the same bits at every width, go into the loops that call them,
 * and need less than half the time of general functions.  exp and expm1 are within 1 unit in the last place, exprel
 * within 1.6.  FUSED is a multiplication and an addition that round once.
 *
 * x = k log 2 + r with |r| <= log(2)/2; exp(r) = 1 + r + r^2/2 + r^3 q(r), q of degree 9, fitted to 7e-19. */

#define NL_LOG_2 6.93147180369123816490e-01 /* its first 33 bits: multiples are exact .. */
#define NL_LOG_2_REST 1.90821492927058770002e-10

typedef struct NL_WORD(reduced) {
    BITS whole;        /* k in the lowest bits, + NL_EXP_BIAS */
    NUMBER k, high, rest; /* exp(r) = 1 + high + rest; `high` is exact and much larger */
} NL_WORD(reduced);

/* x is in -746 .. 710, or nan. */
static inline NL_WORD(reduced) NL_WORD(reduce)(NUMBER x)
{
    const NUMBER shift = EVERY(0x1.8p52 + NL_EXP_BIAS); /* rounds to whole numbers and leaves them in the lowest bits */
    const NUMBER shifted = FUSED(x, EVERY(1.4426950408889634), shift), k = shifted - shift;
    const NUMBER high = FUSED(k, EVERY(-NL_LOG_2), x), r = FUSED(k, EVERY(-NL_LOG_2_REST), high);
    const NUMBER r2 = r * r, r4 = r2 * r2;
    const NUMBER q0 = FUSED(r, EVERY(4.16666666666666643537e-02), EVERY(1.66666666666666685170e-01));
    const NUMBER q2 = FUSED(r, EVERY(1.38888888888865540475e-03), EVERY(8.33333333333006499866e-03));
    const NUMBER q4 = FUSED(r, EVERY(2.48015873171351740713e-05), EVERY(1.98412698630405585345e-04));
    const NUMBER q6 = FUSED(r, EVERY(2.75572829840413719399e-07), EVERY(2.75572684802897161855e-06));
    const NUMBER q8 = FUSED(r, EVERY(2.09112297366587206000e-09), EVERY(2.51003758422236995100e-08));
    const NUMBER q = FUSED(r4, FUSED(r4, q8, FUSED(r2, q6, q4)), FUSED(r2, q2, q0));

    return (NL_WORD(reduced)){ AS_BITS(shifted), k, high,
                               FUSED(r * r2, q, FUSED(k, EVERY(-NL_LOG_2_REST), 0.5 * r2)) };
}

static inline NUMBER NL_WORD(exp_here)(NUMBER x)
{
    const NL_WORD(reduced) e = NL_WORD(reduce)(AT_LEAST(-746.0, AT_MOST(710.0, x)));

    return SCALE(1.0 + (e.high + e.rest), e.whole, e.k);
}

/* For x that are not tiny, and at most 710.  Of p = 2^(k-1), half the result is (p - 1/2) + p high + p rest, where what
 * the two sums lose is added to the last term. */
static inline NUMBER NL_WORD(expm1_of_large)(NUMBER x)
{
    const NL_WORD(reduced) e = NL_WORD(reduce)(AT_LEAST(-40.0, x));
    const NUMBER p = AS_NUMBER((e.whole - (NL_EXP_BIAS - 1022)) << 52), less = p - 0.5, sum = FUSED(p, e.high, less);
    const NUMBER lost = FUSED(p, e.high, less - sum) + ((p - less) - 0.5);

    return 2.0 * (sum + FUSED(p, e.rest, lost));
}

static inline NUMBER NL_WORD(expm1_here)(NUMBER x)
{
    return SELECT(ABSOLUTE(x) < 0x1p-54, x, NL_WORD(expm1_of_large)(AT_MOST(710.0, x)));
}

static inline NUMBER NL_WORD(exprel_here)(NUMBER x)
{
    const NUMBER bounded = AT_MOST(710.0, x); /* there it is infinite already */

    return SELECT(ABSOLUTE(x) < 0x1p-54, 1.0, NL_WORD(expm1_of_large)(bounded) / bounded);
}

#undef NL_LOG_2
#undef NL_LOG_2_REST
