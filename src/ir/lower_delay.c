/* Delayed and previous values.  A delayed expression is the expression at an earlier time: its states are sampled from
 * their rings and its clock is moved, so that a delay is as exact as the dense output of the method, and whole
 * multiples of the step are stored values, bit for bit. */
#include "lower_impl.h"

#include <math.h>

enum { SAMPLE_MARGIN = 2 }; /* lags beyond the longest delay that an interpolation between stored values touches */

/* Noise has no slope: between its points a noisy variable is interpolated by values alone. */
static bool is_smooth(const lowering *lo, const nl_var *var) { return is_ode(var) && !is_noisy(lo, var); }

/* --- cubic Hermite interpolation between the ends of an interval --- */

typedef struct ends {
    nl_ref y0, f0, y1, f1;
} ends;

static nl_ref sum(lowering *lo, nl_ref a, nl_ref b) { return op2(lo, NL_OP_ADD, a, b); }
static nl_ref product(lowering *lo, nl_ref a, nl_ref b) { return op2(lo, NL_OP_MUL, a, b); }
static nl_ref difference(lowering *lo, nl_ref a, nl_ref b) { return op2(lo, NL_OP_SUB, a, b); }

/* theta: a number or a value per element; products of constants fold. */
static nl_ref hermite(lowering *lo, ends e, nl_ref theta)
{
    const nl_ref one = number(lo, 1), dt = number(lo, lo->model->dt);
    const nl_ref rest = difference(lo, one, theta), square = product(lo, theta, theta), rest2 = product(lo, rest, rest);
    const nl_ref h01 = product(lo, square, difference(lo, number(lo, 3), product(lo, number(lo, 2), theta)));
    const nl_ref h10 = product(lo, dt, product(lo, theta, rest2));
    const nl_ref h11 = product(lo, dt, product(lo, square, difference(lo, one, theta)));
    const nl_ref value = sum(lo, product(lo, difference(lo, e.y1, e.y0), h01), e.y0);

    if (h10 == h11)
        return sum(lo, value, product(lo, difference(lo, e.f0, e.f1), h10)); /* halfway, as at most stages */
    return sum(lo, value, difference(lo, product(lo, h10, e.f0), product(lo, h11, e.f1)));
}

static nl_ref linear(lowering *lo, nl_ref y0, nl_ref y1, double theta)
{
    return sum(lo, product(lo, number(lo, 1 - theta), y0), product(lo, number(lo, theta), y1));
}

/* --- slopes --- */

static nl_ref jumped(lowering *lo)
{
    if (lo->out->jumped == UINT32_MAX) lo->out->jumped = memory_add(lo, "jumped", 0, 1, UINT32_MAX);
    return op2(lo, NL_OP_NE, load(lo, lo->out->jumped), number(lo, 0));
}

/* The slope at the start of the step, as the slope at the start of the interval that begins there. */
static nl_ref slope_now(env *e, uint32_t var)
{
    if (e->lo->adaptive) return load(e->lo, memory_slope(e->lo, e->lo->var_mem[var])); /* stored when the step began */
    return env_deriv(e->start, var);
}

/* The same as the slope at the end of the interval that ends there: the left limit where the state jumped.  With delays
 * below the step the slope of now may depend on what is asked for; then the last step's own estimate serves. */
static nl_ref slope_at_end(env *e, uint32_t var)
{
    lowering *lo = e->lo;
    const nl_ref left = ring(lo, memory_slope(lo, lo->var_mem[var]), 0, true);
    nl_ref slope;

    if (lo->sweeps_needed) {
        if (lo->end_slope[var] == UINT32_MAX) {
            const nl_var *v = &lo->model->vars.items[var];
            lo->end_slope[var] = memory_add(lo, nl_arena_printf(lo->arena, "%s end slope", v->full_name), v->space,
                                            nl_graph_space(lo->graph, v->space)->count, UINT32_MAX);
        }
        slope = load(lo, lo->end_slope[var]);
    } else {
        slope = slope_now(e, var);
    }
    return op3(lo, NL_OP_IF, jumped(lo), left, slope);
}

/* --- delays that differ between synapses --- */

static bool differs_between_synapses(const env *e)
{
    const nl_graph *graph = e->lo->graph;

    return e->is_shifted && nl_graph_space(graph, nl_graph_node(graph, e->offset)->space)->kind == NL_SPACE_SYNAPSES;
}

/* Each synapse asks for another time: what stands behind pre. or post. is asked for synapse by synapse. */
nl_ref env_side(env *e, const nl_node *node)
{
    env **side = &e->seen_from[node->kind == NL_X_POST];

    if (!differs_between_synapses(e) || e->side != 0) return 0;
    if (*side == NULL) {
        *side = env_new(e->lo, e->offset);
        env *made = *side;
        made->is_shifted = true;
        made->delay_span = e->delay_span;
        made->reach = e->reach;
        made->latest = e->latest;
        made->start = e->start;
        made->ahead_value = e->ahead_value;
        made->ahead_slope = e->ahead_slope;
        made->side = (nl_node_kind)node->kind;
    }
    return env_eval(*side, node->args[0]);
}

nl_ref seen(env *e, nl_ref node)
{
    const nl_node made = { .kind = (uint8_t)e->side,
                           .space = nl_graph_node(e->lo->graph, e->offset)->space,
                           .arg_count = 1,
                           .args = { node } };

    return e->side == 0 || nl_graph_node(e->lo->graph, node)->space == 0 ? node : nl_graph_add(e->lo->graph, &made);
}

/* A delay of its own for each element reaches variables of that element alone. */
nl_ref not_one_by_one(env *e, const char *what)
{
    lowering *lo = e->lo;
    nl_diag *d = nl_diag_add(lo->diags, NL_E_DELAY_SPACE, e->delay_span,
                             "this delay differs between elements, and %s is not a variable of each of them", what);

    nl_diag_help(lo->diags, d, "give it one delay for all, or delay what it is made of");
    return number(lo, NAN);
}

bool is_one_by_one(const env *e) { return e->is_shifted && nl_graph_node(e->lo->graph, e->offset)->space != 0; }

/* --- states at an earlier time --- */

static nl_ref value_at_lag(lowering *lo, uint32_t mem, size_t lag, bool end)
{
    return lag == 0 && !end ? load(lo, mem) : ring(lo, mem, lag, end);
}

/* Between two stored steps.  A delay of whole steps asks the midpoint rule for its own stage of an earlier step: that
 * is the rule for the ordinary equations which the method of steps makes of this one, and in x - delay(x, d) the errors
 * of the two stages cancel. */
static nl_ref between(env *e, uint32_t var, double place)
{
    lowering *lo = e->lo;
    const uint32_t mem = lo->var_mem[var];
    const double first = floor(place), theta = place - first;
    const size_t lag = (size_t)-first;

    if (!is_smooth(lo, &lo->model->vars.items[var]))
        return linear(lo, value_at_lag(lo, mem, lag, false), value_at_lag(lo, mem, lag - 1, true), theta);
    const uint32_t slope = memory_slope(lo, mem);
    if (e->is_euler)
        return sum(lo, value_at_lag(lo, mem, lag, false),
                   product(lo, number(lo, theta * lo->model->dt), ring(lo, slope, lag, false)));
    const ends at = {
        .y0 = value_at_lag(lo, mem, lag, false),
        .f0 = ring(lo, slope, lag, false),
        .y1 = value_at_lag(lo, mem, lag - 1, true),
        .f1 = lag > 1 ? ring(lo, slope, lag - 1, true) : slope_at_end(e, var),
    };
    return hermite(lo, at, number(lo, theta));
}

/* Within the step that is being made: from its start and an estimate of its end. */
static nl_ref ahead(env *e, uint32_t var, nl_ref theta)
{
    lowering *lo = e->lo;
    const nl_ref now = seen(e, load(lo, lo->var_mem[var]));

    if (!is_smooth(lo, &lo->model->vars.items[var])) return now;
    const nl_ref slope = seen(e, slope_now(e, var));
    if (e->ahead_value == NULL) return sum(lo, now, product(lo, product(lo, theta, number(lo, lo->model->dt)), slope));
    return hermite(lo, (ends){ now, slope, seen(e, e->ahead_value[var]), seen(e, e->ahead_slope[var]) }, theta);
}

/* What a sample is of: NL_X_SAMPLE's `number`. */
enum { OF_ELEMENT, OF_PRE, OF_POST, OF_THE_ONE };

static int sample_of(const env *e, const nl_var *v, uint32_t space)
{
    if (e->side != 0) return e->side == NL_X_PRE ? OF_PRE : OF_POST;
    return space != 0 && v->space == 0 ? OF_THE_ONE : OF_ELEMENT;
}

static nl_ref sampled_anywhere(env *e, uint32_t var)
{
    lowering *lo = e->lo;
    const nl_var *v = &lo->model->vars.items[var];
    const uint32_t mem = lo->var_mem[var];
    const uint32_t space = nl_graph_node(lo->graph, e->offset)->space;
    const int of = sample_of(e, v, space);
    nl_node node = {
        .kind = NL_X_SAMPLE, .id = mem, .space = of == OF_ELEMENT ? v->space : space, .arg_count = 1, .number = of
    };

    if (of == OF_ELEMENT && space != 0 && space != v->space) return not_one_by_one(e, v->full_name);
    memory_want(lo, mem, (size_t)ceil(e->reach) + SAMPLE_MARGIN);
    const bool may_be_ahead = e->latest > 0;
    node.args[0] = may_be_ahead ? op2(lo, NL_OP_MIN, e->offset, number(lo, 0)) : e->offset;
    if (is_smooth(lo, v)) {
        memory_slope(lo, mem);
        if (e->latest > -1)
            node.args[node.arg_count++] = seen(e, lo->sweeps_needed ? slope_at_end(e, var) : slope_now(e, var));
    }
    const nl_ref past = nl_graph_add(lo->graph, &node);
    if (!may_be_ahead) return past;
    return op3(lo, NL_OP_IF, op2(lo, NL_OP_GT, e->offset, number(lo, 0)), ahead(e, var, e->offset), past);
}

nl_ref env_sampled(env *e, uint32_t var)
{
    lowering *lo = e->lo;

    if (isnan(e->place)) return sampled_anywhere(e, var);
    if (e->place > 0) return ahead(e, var, e->offset);
    if (e->place == rint(e->place)) return value_at_lag(lo, lo->var_mem[var], (size_t)-e->place, false);
    return between(e, var, e->place);
}

/* --- previous values --- */

nl_ref env_previous(env *e, uint32_t prev)
{
    lowering *lo = e->lo;
    const uint32_t own = lo->prev_mems.items[prev];
    const uint32_t mem =
        own != UINT32_MAX ? own : lo->var_mem[nl_graph_node(lo->graph, lo->prevs.items[prev].expr)->id];

    if (e->is_after && own == UINT32_MAX) return load(lo, mem);
    if (!e->is_shifted) return ring(lo, mem, 1, false);
    if (is_one_by_one(e) && lo->prevs.items[prev].space != nl_graph_node(lo->graph, e->offset)->space)
        return not_one_by_one(e, "a previous value");
    if (isnan(e->place)) {
        const nl_node node = { .kind = NL_X_SAMPLE,
                               .id = mem,
                               .space = lo->prevs.items[prev].space,
                               .arg_count = 1,
                               .args = { difference(lo, e->offset, number(lo, 1)) } };
        memory_want(lo, mem, (size_t)ceil(e->reach) + 1 + SAMPLE_MARGIN);
        return nl_graph_add(lo->graph, &node);
    }
    const double back = 1 - fmin(e->place, 0), whole = floor(back);
    const nl_ref later = ring(lo, mem, (size_t)whole, false);
    return back == whole ? later : linear(lo, ring(lo, mem, (size_t)whole + 1, false), later, 1 - (back - whole));
}

/* --- delays --- */

/* A multiple of the step up to rounding is that multiple. */
static double in_steps(const lowering *lo, double delay)
{
    const double steps = delay / lo->model->dt, whole = round(steps);

    return fabs(steps - whole) <= 1e-9 * fmax(1, whole) ? whole : steps;
}

static env *shifted(env *e, nl_ref offset, nl_delay_range range, nl_span span)
{
    for (env *s = e->shifted; s != NULL; s = s->next_shifted)
        if (s->offset == offset) return s;
    env *s = env_new(e->lo, offset);
    s->is_shifted = true;
    s->delay_span = span;
    s->reach = in_steps(e->lo, range.high) + (e->is_shifted ? e->reach : 0);
    s->is_euler = e->is_euler && s->place - e->place == rint(s->place - e->place);
    s->latest = (e->is_shifted ? e->latest : isnan(e->place) ? 1 : e->place) - in_steps(e->lo, range.low);
    s->start = e->start;
    s->ahead_value = e->ahead_value;
    s->ahead_slope = e->ahead_slope;
    s->next_shifted = e->shifted;
    e->shifted = s;
    return s;
}

nl_ref env_delayed(env *e, uint32_t delay)
{
    lowering *lo = e->lo;
    const nl_delay_def *def = &lo->dels.items[delay];
    const nl_delay_range range = lo->ranges.items[delay];
    const nl_ref d = env_eval(e, def->delay);
    nl_ref steps;
    double fixed;

    if (nl_expr_is_const(lo->graph, d, &fixed)) {
        if (fixed == 0) return env_eval(e, def->expr);
        steps = number(lo, in_steps(lo, fixed));
    } else {
        /* out of its bounds it has no value: the run stops there and names the variable */
        const nl_ref inside = op2(lo, NL_OP_AND, op2(lo, NL_OP_GE, d, number(lo, 0)),
                                  op2(lo, NL_OP_LE, d, number(lo, range.high * (1 + 1e-12))));
        steps = op2(lo, NL_OP_DIV, op3(lo, NL_OP_IF, inside, d, number(lo, NAN)), number(lo, lo->model->dt));
    }
    return env_eval(shifted(e, difference(lo, e->offset, steps), range, def->span), def->expr);
}

void check_delays(lowering *lo)
{
    for (size_t v = 0; v < lo->model->vars.count; v++) lo->end_slope[v] = UINT32_MAX;
    for (size_t k = 0; k < lo->dels.count; k++) {
        const nl_delay_range range = lo->ranges.items[k];

        if (range.low < 0)
            nl_diag_add(lo->diags, NL_E_DELAY_NEGATIVE, lo->dels.items[k].span, "this delay is negative (%g)",
                        range.low);
        if (in_steps(lo, range.low) < 1 && range.high > 0) lo->sweeps_needed = true;
    }
}
