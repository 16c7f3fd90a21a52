/* Texts about a checked model: what `check` and `ir` print. */
#include "run_impl.h"

#include "base/text.h"
#include "net/conn.h"
#include "syntax/print.h"

#include <math.h>
#include <string.h>

/* --- sizes --- */

const char *nl_report_count(nl_session *s, double count)
{
    char digits[32], out[48];
    size_t used = 0;
    const int length = snprintf(digits, sizeof digits, "%.0f", count);

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0 && length > 4) out[used++] = ' ';
        out[used++] = digits[i];
    }
    return nl_arena_strndup(s->arena, out, used);
}

static const char *bytes_text(nl_session *s, double bytes)
{
    static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
    size_t unit = 0;

    while (bytes >= 1024 && unit + 1 < NL_LEN(units)) {
        bytes /= 1024;
        unit++;
    }
    return nl_arena_printf(s->arena, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}

static const char *plural(size_t count) { return count == 1 ? "" : "s"; }

static size_t count_vars(const nl_model *model, const nl_population *p, nl_var_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < p->vars.count; i++) count += model->vars.items[p->vars.items[i]].kind == kind;
    return count;
}

static void add_population(nl_session *s, nl_text *text, const nl_population *p)
{
    const nl_model *model = s->check.model;
    const size_t states = count_vars(model, p, NL_VAR_STATE), params = count_vars(model, p, NL_VAR_PARAM);
    const size_t inputs = count_vars(model, p, NL_VAR_INPUT);

    nl_text_addf(text, "  %-16s", p->name[0] != '\0' ? p->name : "(top level)");
    if (p->rank == 2) nl_text_addf(text, " %zu x %zu =", p->shape[0], p->shape[1]);
    nl_text_addf(text, " %s neuron%s: %zu state%s", nl_report_count(s, (double)p->count), plural(p->count), states,
                 plural(states));
    if (params > 0) nl_text_addf(text, ", %zu parameter%s", params, plural(params));
    if (inputs > 0) nl_text_addf(text, ", %zu input%s", inputs, plural(inputs));
    nl_text_adds(text, "\n");
}

/* --- projections --- */

static double pair_count(const nl_projection *p)
{
    const double pairs = (double)p->pre.count * (double)p->post.count;

    return p->no_self && p->pre.population == p->post.population
               ? pairs - (double)(p->pre.count < p->post.count ? p->pre.count : p->post.count)
               : pairs;
}

static double first_number(nl_value value)
{
    return nl_value_known(value) && nl_value_count(value) > 0 ? value.data[0] : NAN;
}

static double nonzeros(nl_value value)
{
    double count = 0;

    if (!nl_value_known(value)) return NAN;
    for (size_t i = 0; i < nl_value_count(value); i++) count += value.data[i] != 0;
    return count;
}

/* How many synapses a rule makes; expected ones for random rules, NAN where each pair decides for itself. */
static double synapse_count(const nl_model *model, const nl_projection *p)
{
    const nl_rule *rule = &p->rule;
    double probability;

    switch (rule->kind) {
    case NL_RULE_ALL_TO_ALL: case NL_RULE_LOW_RANK: return pair_count(p);
    case NL_RULE_ONE_TO_ONE: return (double)p->post.count;
    case NL_RULE_RANDOM:
        if (!nl_expr_is_const(model->graph, rule->expr, &probability)) return NAN;
        return fmin(fmax(probability, 0), 1) * pair_count(p);
    case NL_RULE_FIXED_INDEGREE: return first_number(rule->values[0]) * (double)p->post.count;
    case NL_RULE_FIXED_OUTDEGREE: return first_number(rule->values[0]) * (double)p->pre.count;
    case NL_RULE_FIXED_TOTAL: return first_number(rule->values[0]);
    case NL_RULE_OFFSETS: return (double)rule->values[0].shape[0] * (double)p->post.count;
    case NL_RULE_KERNEL: return nonzeros(rule->values[0]) * (double)p->post.count;
    case NL_RULE_PAIRS: return (double)rule->values[0].shape[0];
    case NL_RULE_WEIGHTS: return rule->zeros ? pair_count(p) : nonzeros(rule->values[0]);
    default: return NAN;
    }
}

/* Whether the synapses are stored one by one. */
static bool is_stored(nl_rule_kind kind)
{
    static const bool stored[] = {
        [NL_RULE_RANDOM] = true,          [NL_RULE_WHERE] = true,       [NL_RULE_FIXED_INDEGREE] = true,
        [NL_RULE_FIXED_OUTDEGREE] = true, [NL_RULE_FIXED_TOTAL] = true, [NL_RULE_PAIRS] = true,
        [NL_RULE_WEIGHTS] = true
    };

    return (size_t)kind < NL_LEN(stored) && stored[kind];
}

static const char *const rule_names[] = {
#define RULE(kind, name, ...) [NL_RULE_##kind] = name,
#include "check/rules.def"
};

static double projection_bytes(const nl_projection *p, double synapses)
{
    const double index = is_stored(p->rule.kind) ? 4 * synapses + 8 * ((double)p->post.count + 1) : 0;

    return index + 8 * synapses * (double)p->vars.count;
}

static double add_projection(nl_session *s, nl_text *text, const nl_projection *p)
{
    const double synapses = synapse_count(s->check.model, p);

    nl_text_addf(text, "  %-16s %s: ", p->name, rule_names[p->rule.kind]);
    if (isnan(synapses)) {
        nl_text_addf(text, "each of %s pairs decides for itself\n", nl_report_count(s, pair_count(p)));
        return 0;
    }
    const double bytes = projection_bytes(p, synapses);
    nl_text_addf(text, "%s%s synapse%s, ", p->rule.kind == NL_RULE_RANDOM ? "about " : "", nl_report_count(s, synapses),
                 synapses == 1 ? "" : "s");
    nl_text_addf(text, bytes > 0 ? "%s\n" : "nothing stored\n", bytes_text(s, bytes));
    return bytes;
}

static double state_bytes(const nl_model *model)
{
    double bytes = 0;

    for (size_t i = 0; i < model->populations.count; i++)
        bytes += 8 * (double)model->populations.items[i].count * (double)model->populations.items[i].vars.count;
    return bytes;
}

const char *nl_session_summary(nl_session *s)
{
    nl_text text = nl_text_new(s->arena);
    double bytes;

    nl_text_adds(&text, "");
    if (!s->is_loaded) return text.chars;
    const nl_model *model = s->check.model;
    bytes = state_bytes(model);
    if (model->populations.count > 0) nl_text_adds(&text, "populations\n");
    for (size_t i = 0; i < model->populations.count; i++) add_population(s, &text, &model->populations.items[i]);
    if (model->projections.count > 0) nl_text_adds(&text, "projections\n");
    for (size_t i = 0; i < model->projections.count; i++)
        bytes += add_projection(s, &text, &model->projections.items[i]);
    if (model->populations.count > 0)
        nl_text_addf(&text, "memory of states, parameters and synapses: %s\n", bytes_text(s, bytes));
    return text.chars;
}

/* --- stages --- */

static const char *node_name(void *user, const nl_node *node)
{
    const nl_model *model = user;

    switch (node->kind) {
    case NL_X_STATE: case NL_X_PARAM: case NL_X_INPUT: case NL_X_DERIV:
        return node->id < model->vars.count ? model->vars.items[node->id].full_name : NULL;
    case NL_X_SLOT: return node->id < model->slots.count ? model->slots.items[node->id].name : NULL;
    case NL_X_ARRAY: return node->id < model->arrays.count ? model->arrays.items[node->id].name : NULL;
    default: return NULL;
    }
}

static const char *node_text(nl_session *s, nl_ref ref)
{
    return nl_expr_text(s->arena, s->check.model->graph, ref, node_name, s->check.model);
}

static void add_var(nl_session *s, nl_text *text, const nl_var *var)
{
    static const char *const words[] = { [NL_VAR_STATE] = "state", [NL_VAR_PARAM] = "param", [NL_VAR_INPUT] = "input" };
    const struct { const char *word; nl_ref ref; } parts[] = {
        { "starts at", var->init }, { "derivative", var->deriv }, { "next", var->next }, { "history", var->history },
        { "at least", var->low }, { "at most", var->high },
    };

    nl_text_addf(text, "%s %s : %s\n", words[var->kind], var->full_name, nl_unit_shown_for(s->arena, var->dim).plain);
    for (size_t i = 0; i < NL_LEN(parts); i++)
        if (parts[i].ref != 0) nl_text_addf(text, "  %s %s\n", parts[i].word, node_text(s, parts[i].ref));
}

static void add_lets(nl_session *s, nl_text *text, const char *owner, const nl_let *lets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        nl_text_addf(text, "let %s.%s = %s\n", owner, lets[i].name, node_text(s, lets[i].node));
}

static void add_flow(nl_session *s, nl_text *text, const nl_flow *flow)
{
    const nl_model *model = s->check.model;

    nl_text_addf(text, "flow %s: %s += %s\n", model->projections.items[flow->projection].name,
                 model->vars.items[flow->input].full_name, node_text(s, flow->value));
}

static void add_assigns(nl_session *s, nl_text *text, const nl_assign *assigns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        nl_text_addf(text, "  %s = %s\n", s->check.model->vars.items[assigns[i].var].full_name,
                     node_text(s, assigns[i].value));
}

static void add_block(nl_session *s, nl_text *text, const nl_block *block)
{
    static const char *const words[] = {
        [NL_BLOCK_EVERY_STEP] = "every step", [NL_BLOCK_EVERY] = "every", [NL_BLOCK_AT] = "at"
    };

    nl_text_adds(text, words[block->kind]);
    if (block->kind == NL_BLOCK_EVERY) nl_text_addf(text, " %g from %g", block->period, block->from);
    for (size_t i = 0; block->kind == NL_BLOCK_AT && i < block->times.count; i++)
        nl_text_addf(text, " %g", block->times.items[i]);
    nl_text_adds(text, "\n");
    add_assigns(s, text, block->assigns.items, block->assigns.count);
}

static void add_part(nl_session *s, nl_text *text, const char *word, nl_ref ref)
{
    if (ref != 0) nl_text_addf(text, "  %s %s\n", word, node_text(s, ref));
}

static void add_event(nl_session *s, nl_text *text, size_t number)
{
    static const char *const words[] = { [NL_EVENT_LEVEL] = "while", [NL_EVENT_EDGE] = "becomes",
                                         [NL_EVENT_TIMES] = "at" };
    const nl_model *model = s->check.model;
    const nl_event *event = &model->events.items[number];
    const char *owner = event->population != UINT32_MAX ? model->populations.items[event->population].name
                                                        : model->projections.items[event->projection].name;

    nl_text_addf(text, "event %zu %s.%s\n", number, owner, event->name != NULL ? event->name : "when");
    if (event->kind == NL_EVENT_TIMES) nl_text_addf(text, "  at %zu times\n", event->time_count);
    add_part(s, text, words[event->kind], event->condition);
    add_part(s, text, "select max", event->select);
    add_assigns(s, text, event->assigns.items, event->assigns.count);
}

static void add_refractory(nl_session *s, nl_text *text, const nl_refractory *refractory)
{
    const nl_model *model = s->check.model;

    nl_text_addf(text, "refractory %s\n", model->populations.items[refractory->population].name);
    add_part(s, text, "for", refractory->time);
    add_part(s, text, "while", refractory->condition);
    for (size_t i = 0; i < refractory->held.count; i++)
        nl_text_addf(text, "  holding %s\n", model->vars.items[refractory->held.items[i]].full_name);
}

static void add_write(nl_session *s, nl_text *text, const nl_write *write)
{
    static const char *const signs[] = { [NL_WRITE_OWN] = "=", [NL_WRITE_ADD] = "+=", [NL_WRITE_SET] = "=" };
    const char *side = write->kind == NL_WRITE_OWN ? "" : write->to_pre ? "pre " : "post ";

    nl_text_addf(text, "  %s%s %s %s", side, s->check.model->vars.items[write->var].full_name, signs[write->kind],
                 node_text(s, write->value));
    if (write->condition != 0) nl_text_addf(text, " where %s", node_text(s, write->condition));
    nl_text_adds(text, "\n");
}

static void add_pathway(nl_session *s, nl_text *text, const nl_pathway *pathway)
{
    const nl_model *model = s->check.model;

    nl_text_addf(text, "pathway %s: on %s event %u%s\n", model->projections.items[pathway->projection].name,
                 pathway->on_post ? "post" : "pre", pathway->event, pathway->in_turn ? ", in turn" : "");
    add_part(s, text, "delay", pathway->delay);
    for (size_t i = 0; i < pathway->writes.count; i++) add_write(s, text, &pathway->writes.items[i]);
}

/* What happens at spikes and other events. */
static void add_events(nl_session *s, nl_text *text)
{
    const nl_model *model = s->check.model;

    for (size_t i = 0; i < model->events.count; i++) add_event(s, text, i);
    for (size_t i = 0; i < model->refractories.count; i++) add_refractory(s, text, &model->refractories.items[i]);
    for (size_t i = 0; i < model->pathways.count; i++) add_pathway(s, text, &model->pathways.items[i]);
}

/* Values that look back: the nodes of expressions name them by number. */
static void add_history(nl_session *s, nl_text *text)
{
    const nl_model *model = s->check.model;

    for (size_t i = 0; i < model->prevs.count; i++)
        nl_text_addf(text, "prev %zu of %s\n", i, node_text(s, model->prevs.items[i].expr));
    for (size_t i = 0; i < model->delays.count; i++)
        nl_text_addf(text, "delay %zu of %s by %s\n", i, node_text(s, model->delays.items[i].expr),
                     node_text(s, model->delays.items[i].delay));
    for (size_t i = 0; i < model->windows.count; i++)
        nl_text_addf(text, "window %zu of %s over %g\n", i, node_text(s, model->windows.items[i].expr),
                     model->windows.items[i].width);
}

static const char *model_text(nl_session *s)
{
    nl_text text = nl_text_new(s->arena);
    const nl_model *model = s->check.model;

    nl_text_addf(&text, "dt %.17g, start %.17g, seed %llu, method %s\n", model->dt, model->start,
                 (unsigned long long)model->seed, model->method != NULL ? model->method : "none");
    nl_text_adds(&text, nl_session_summary(s));
    for (size_t i = 0; i < model->vars.count; i++) add_var(s, &text, &model->vars.items[i]);
    for (size_t i = 0; i < model->populations.count; i++)
        add_lets(s, &text, model->populations.items[i].name, model->populations.items[i].lets.items,
                 model->populations.items[i].lets.count);
    for (size_t i = 0; i < model->projections.count; i++)
        add_lets(s, &text, model->projections.items[i].name, model->projections.items[i].lets.items,
                 model->projections.items[i].lets.count);
    for (size_t i = 0; i < model->flows.count; i++) add_flow(s, &text, &model->flows.items[i]);
    for (size_t i = 0; i < model->blocks.count; i++) add_block(s, &text, &model->blocks.items[i]);
    add_events(s, &text);
    add_history(s, &text);
    return text.chars;
}

static const char *ast_text(nl_session *s) { return nl_print_tree(s->arena, s->parsed.file); }

static const char *sim_text(nl_session *s, const char *what)
{
    if (s->check.model->dt <= 0 || !nl_session_need_sim(s)) return "";
    return nl_sim_text(s->lane->sim, s->arena, what);
}

static const char *ir_text(nl_session *s) { return sim_text(s, "ir"); }
static const char *program_text(nl_session *s) { return sim_text(s, "program"); }

const char *nl_session_stage(nl_session *s, const char *stage)
{
    static const struct { const char *name; const char *(*text)(nl_session *s); } stages[] = {
        { "ast", ast_text }, { "model", model_text }, { "ir", ir_text }, { "program", program_text },
    };

    for (size_t i = 0; i < NL_LEN(stages) && s->is_loaded; i++)
        if (strcmp(stages[i].name, stage) == 0) return stages[i].text(s);
    return NULL;
}
