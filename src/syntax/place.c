/* Which statement may stand where, as a table; and on expressions what depends on where they stand. */
#include "parser.h"

#include "print.h"

#include <string.h>

typedef enum place { TOP, BATCH, CIRCUIT, BODY, SYNAPSES, EVENT, FUNCTION, FIGURE, SETTINGS, PLACE_COUNT, SAME } place;

enum {
    IN_TOP = 1 << TOP,
    IN_BATCH = 1 << BATCH,
    IN_CIRCUIT = 1 << CIRCUIT,
    IN_BODY = 1 << BODY,
    IN_SYNAPSES = 1 << SYNAPSES,
    IN_EVENT = 1 << EVENT,
    IN_FUNCTION = 1 << FUNCTION,
    IN_FIGURE = 1 << FIGURE,
    IN_SETTINGS = 1 << SETTINGS,
    IN_DYNAMICS = IN_TOP | IN_CIRCUIT | IN_BODY | IN_SYNAPSES,
    IN_PROTOCOL = IN_TOP | IN_BATCH,
    IN_ALL = (1 << PLACE_COUNT) - 1
};

/* Where each statement may stand, as the message says it. */
static const char *const place_texts[PLACE_COUNT] = {
    [TOP] = "at top level",
    [BATCH] = "in `sweep` or `trials`",
    [CIRCUIT] = "in a circuit",
    [BODY] = "in a population or neuron",
    [SYNAPSES] = "in a projection or synapse",
    [EVENT] = "in the body of an event",
    [FUNCTION] = "in a function",
    [FIGURE] = "in a figure",
    [SETTINGS] = "in `simulation` or a method",
};

/* One row for each statement: where it may stand, and what its block is. */
typedef struct place_rule {
    int where;
    place block;
    const char *block_text; /* "in a population" */
} place_rule;

static const place_rule rules[NL_AST_KIND_COUNT] = {
    [NL_AST_LETS] = { IN_ALL & ~IN_SETTINGS, SAME, NULL },
    [NL_AST_LET_COLUMNS] = { IN_ALL & ~IN_SETTINGS, SAME, NULL },
    [NL_AST_PARAMS] = { IN_DYNAMICS, SAME, NULL },
    [NL_AST_PARAM_COLUMNS] = { IN_DYNAMICS, SAME, NULL },
    [NL_AST_STATES] = { IN_DYNAMICS, SAME, NULL },
    [NL_AST_NEXT] = { IN_DYNAMICS, SAME, NULL },
    [NL_AST_HISTORY] = { IN_DYNAMICS, SAME, NULL },
    [NL_AST_INPUTS] = { IN_TOP | IN_CIRCUIT | IN_BODY, SAME, NULL },
    [NL_AST_EVERY] = { IN_DYNAMICS, EVENT, "in the body of `every`" },
    [NL_AST_EVERY_STEP] = { IN_DYNAMICS, EVENT, "in the body of `every step`" },
    [NL_AST_AT] = { IN_DYNAMICS, EVENT, "in the body of `at`" },
    [NL_AST_EVENT] = { IN_DYNAMICS, EVENT, "in the body of an event" },
    [NL_AST_WHEN] = { IN_DYNAMICS, EVENT, "in the body of `when`" },
    [NL_AST_SPIKE_WHEN] = { IN_TOP | IN_CIRCUIT | IN_BODY, EVENT, "in the body of `spike when`" },
    [NL_AST_SPIKE_AT] = { IN_TOP | IN_CIRCUIT | IN_BODY, EVENT, "in the body of `spike at`" },
    [NL_AST_REFRACTORY] = { IN_TOP | IN_CIRCUIT | IN_BODY, SAME, NULL },
    [NL_AST_REFRACTORY_WHILE] = { IN_TOP | IN_CIRCUIT | IN_BODY, SAME, NULL },
    [NL_AST_ON] = { IN_SYNAPSES, EVENT, "in the body of `on`" },
    [NL_AST_DELAY] = { IN_SYNAPSES, SAME, NULL },
    [NL_AST_DENDRITIC_DELAY] = { IN_SYNAPSES, SAME, NULL },
    [NL_AST_OVERRIDE] = { IN_BODY | IN_SYNAPSES, SAME, NULL },
    [NL_AST_SOLVE] = { IN_PROTOCOL | IN_CIRCUIT, SAME, NULL },
    [NL_AST_POPULATION] = { IN_TOP | IN_CIRCUIT, BODY, "in a population" },
    [NL_AST_PROJECTION] = { IN_TOP | IN_CIRCUIT, SYNAPSES, "in a projection" },
    [NL_AST_FUNCTION] = { IN_TOP | IN_CIRCUIT, FUNCTION, "in a function" },
    [NL_AST_NEURON] = { IN_TOP | IN_CIRCUIT, BODY, "in a neuron" },
    [NL_AST_SYNAPSE] = { IN_TOP | IN_CIRCUIT, SYNAPSES, "in a synapse" },
    [NL_AST_CONNECTOR] = { IN_TOP | IN_CIRCUIT, SAME, NULL },
    [NL_AST_METHOD] = { IN_TOP | IN_CIRCUIT, SETTINGS, "in a method" },
    [NL_AST_CIRCUIT] = { IN_TOP | IN_CIRCUIT, CIRCUIT, "in a circuit" },
    [NL_AST_INSTANCE] = { IN_TOP | IN_CIRCUIT, SAME, NULL },
    [NL_AST_USE] = { IN_TOP, SAME, NULL },
    [NL_AST_SIMULATION] = { IN_TOP, SETTINGS, "in `simulation`" },
    [NL_AST_RECORD] = { IN_PROTOCOL, SAME, NULL },
    [NL_AST_RUN] = { IN_PROTOCOL, SAME, NULL },
    [NL_AST_RUN_UNTIL] = { IN_PROTOCOL, SAME, NULL },
    [NL_AST_SET] = { IN_PROTOCOL, SAME, NULL },
    [NL_AST_RESET] = { IN_PROTOCOL, SAME, NULL },
    [NL_AST_SNAPSHOT] = { IN_PROTOCOL, SAME, NULL },
    [NL_AST_RESTORE] = { IN_PROTOCOL, SAME, NULL },
    [NL_AST_SWEEP] = { IN_PROTOCOL, BATCH, "in a sweep" },
    [NL_AST_SWEEP_ROWS] = { IN_PROTOCOL, BATCH, "in a sweep" },
    [NL_AST_TRIALS] = { IN_PROTOCOL, BATCH, "in `trials`" },
    [NL_AST_COLLECT] = { IN_PROTOCOL, SAME, NULL },
    [NL_AST_PRINT] = { IN_PROTOCOL, SAME, NULL },
    [NL_AST_EXPECT] = { IN_PROTOCOL, SAME, NULL },
    [NL_AST_FIGURE] = { IN_PROTOCOL, FIGURE, "in a figure" },
    [NL_AST_KEEP] = { IN_TOP, SAME, NULL },
    [NL_AST_PLOT] = { IN_PROTOCOL | IN_FIGURE, SAME, NULL },
    [NL_AST_RETURN] = { IN_FUNCTION, SAME, NULL },
    [NL_AST_IF] = { IN_ALL, SAME, NULL },
    [NL_AST_FOR] = { IN_PROTOCOL | IN_CIRCUIT | IN_FIGURE, SAME, NULL },
    [NL_AST_EXPR] = { IN_ALL, SAME, NULL }, /* reported already */
    [NL_AST_NAME] = { IN_ALL, SAME, NULL }, /* stands for what was nested too deeply */
};

/* The variable of a `for` around the present statement. */
typedef struct loop {
    const char *variable;
    const struct loop *outer;
} loop;

typedef struct context {
    nl_parser *p;
    place where;
    const char *text; /* "in a population" */
    const loop *loops;
    const nl_ast *body; /* the block of the population or projection, to which blocks of `if` belong */
} context;

static nl_diag *fail(const context *c, nl_code code, nl_span span, const char *sentence, const char *help)
{
    nl_diag *diag = nl_diag_add(c->p->diags, code, span, "%s", sentence);

    if (help != NULL) nl_diag_help(c->p->diags, diag, "%s", help);
    return diag;
}

/* ---- expressions ---- */

enum { MAY_CROSS = 1, MAY_BE_WITHIN = 2, MAY_HAVE_PRIME = 4 };

static void check_expression(const context *c, const nl_ast *e, int may);

static bool is_named(const nl_ast *e, const char *name)
{
    return e != NULL && e->kind == NL_AST_NAME && strcmp(e->name, name) == 0;
}

static bool is_logic(const nl_ast *e)
{
    return e->kind == NL_AST_NOT || e->kind == NL_AST_PAREN
        || (e->kind == NL_AST_BINARY && (strcmp(e->name, "and") == 0 || strcmp(e->name, "or") == 0));
}

static int kid_may(const nl_ast *e, int index, int may)
{
    const int prime = may & MAY_HAVE_PRIME;

    if (is_logic(e)) return may;
    switch (e->kind) {
    case NL_AST_IF_EXPR: return prime | MAY_BE_WITHIN;
    case NL_AST_CALL:
        return index == 0 ? prime : prime | MAY_BE_WITHIN | (is_named(e->kids[0], "first_time") ? MAY_CROSS : 0);
    case NL_AST_ARG: case NL_AST_INSERT: return may;
    default: return prime;
    }
}

static void check_here(const context *c, const nl_ast *e, int may)
{
    if (e->kind == NL_AST_CROSSES && !(may & MAY_CROSS))
        fail(c, NL_E_COMPARE, e->span, "`crosses` stands only in conditions of events",
             "in `spike when`, `event`, `when`, `refractory while`, `run until` and first_time(...)");
    if (e->kind == NL_AST_WITHIN && !(may & MAY_BE_WITHIN))
        fail(c, NL_E_COMPARE, e->span, "`within` stands only where a condition may stand",
             "expect X within 2 % of REFERENCE");
    if (e->kind == NL_AST_PRIME && !(may & MAY_HAVE_PRIME))
        fail(c, NL_E_LEFT, e->span, "a derivative is read only in equations", "name its right side with `let`");
    if (e->kind == NL_AST_PARAM)
        fail(c, NL_E_SYNTAX, e->span, "a `:` stands only in an index and behind the name of a parameter",
             "an argument is given with `=`");
}

static void check_expression(const context *c, const nl_ast *e, int may)
{
    if (e == NULL) return;
    check_here(c, e, may);
    for (int k = 0; k < e->kid_count; k++) check_expression(c, e->kids[k], kid_may(e, k, may));
}

/* ---- names of families ---- */

static bool is_loop_variable(const context *c, const nl_ast *e)
{
    for (const loop *l = c->loops; l != NULL && e->kind == NL_AST_NAME; l = l->outer)
        if (strcmp(l->variable, e->name) == 0) return true;
    return false;
}

/* NAME(k) declares one of a family, which only a `for` over k can do; `args` are kids from index `from` on. */
static void check_family(const context *c, const nl_ast *args, int from, const char *help)
{
    for (int k = from; args != NULL && k < args->kid_count; k++)
        if (!is_loop_variable(c, args->kids[k])) {
            fail(c, NL_E_PLACE, args->span, "a name with an argument is declared only inside `for` over that argument",
                 help);
            return;
        }
}

static void check_declared(const context *c, const nl_ast *name)
{
    const bool is_sized = name != NULL && name->kind == NL_AST_INDEX;
    const nl_ast *base = is_sized ? name->kids[0] : name;

    if (base == NULL || base->kind != NL_AST_CALL) return;
    check_family(c, base, 1, "for k in 0 .. 3 { ... NAME(k) ... }; a size stands in square brackets: NAME[100]");
}

/* ---- statements ---- */

static void check_statement(const context *c, const nl_ast *s);

static void check_block(const context *c, const nl_ast *block)
{
    for (int k = 0; block != NULL && k < block->kid_count; k++) check_statement(c, block->kids[k]);
}

static const char *allowed_places(nl_arena *arena, int where)
{
    nl_text text = nl_text_new(arena);
    int left = 0;

    for (int k = 0; k < PLACE_COUNT; k++) left += (where >> k) & 1;
    for (int k = 0; k < PLACE_COUNT; k++)
        if ((where >> k) & 1)
            nl_text_addf(&text, "%s%s", text.length == 0 ? "" : left == 1 ? " and " : ", ", place_texts[k]), left--;
    return text.chars;
}

static void report_place(const context *c, const nl_ast *s, const char *word, int where)
{
    nl_diag *diag = nl_diag_add(c->p->diags, NL_E_PLACE, s->span, "%s cannot stand %s", word, c->text);

    nl_diag_help(c->p->diags, diag, "it stands %s", allowed_places(c->p->arena, where));
}

static bool is_equation(const nl_ast *s)
{
    const nl_ast *left = s->kids[0];

    return left->kind == NL_AST_PRIME
        || (left->kind == NL_AST_BINARY && left->kids[1]->kind == NL_AST_PRIME);
}

static void report_constant(const context *c, const nl_ast *left)
{
    const char *name = nl_print_expression(c->p->arena, left);
    nl_diag *diag = nl_diag_add(c->p->diags, NL_E_PLACE, left->span, "this would make `%s` a constant", name);

    if (c->where == BODY || c->where == SYNAPSES)
        nl_diag_help(c->p->diags, diag, "did you mean %s' = ... or next %s = ...? A fixed value is let %s = ...", name,
                     name, name);
    else
        nl_diag_help(c->p->diags, diag, "a value is let %s = ..., a change of a state or parameter is set %s = ...",
                     name, name);
}

static bool is_pre_or_post(const nl_ast *left)
{
    return left->kind == NL_AST_FIELD && (is_named(left->kids[0], "pre") || is_named(left->kids[0], "post"));
}

static void check_plain_assignment(const context *c, const nl_ast *s)
{
    const nl_ast *left = s->kids[0];

    if (c->where == EVENT || (c->where == SETTINGS && left->kind == NL_AST_NAME)) return;
    if ((c->where == BODY || c->where == SYNAPSES) && is_named(left, "method")) return;
    if (c->where == SETTINGS) fail(c, NL_E_LEFT, left->span, "a setting is a plain name", "NAME = VALUE");
    else if (c->where == FUNCTION) report_place(c, s, "an assignment", IN_EVENT);
    else if (c->where == FIGURE) report_place(c, s, "an assignment", IN_EVENT);
    else report_constant(c, left);
}

static void check_change(const context *c, const nl_ast *s)
{
    const nl_ast *left = s->kids[0];

    if (c->where == EVENT) return;
    if (c->where != SYNAPSES) {
        report_place(c, s, nl_arena_printf(c->p->arena, "`%s`", s->name), IN_EVENT | IN_SYNAPSES);
        return;
    }
    if (!is_pre_or_post(left) || (strcmp(s->name, "+=") != 0 && strcmp(s->name, "-=") != 0))
        fail(c, NL_E_PLACE, s->span, "outside events a projection only adds to inputs of its two sides",
             "post.NAME += VALUE, or pre.NAME += VALUE");
}

static void check_assignment(const context *c, const nl_ast *s)
{
    const bool equation = is_equation(s);

    if (equation && !(IN_DYNAMICS & 1 << c->where)) report_place(c, s, "an equation", IN_DYNAMICS);
    else if (!equation && s->name[0] == '=') check_plain_assignment(c, s);
    else if (!equation) check_change(c, s);
    check_expression(c, s->kids[0], MAY_HAVE_PRIME);
    check_expression(c, s->kids[1], MAY_BE_WITHIN | (equation ? MAY_HAVE_PRIME : 0));
}

/* The equation of a state in a body, or NULL. */
static const nl_ast *find_equation(const nl_ast *body, const char *name)
{
    for (int k = 0; body != NULL && k < body->kid_count; k++) {
        const nl_ast *s = body->kids[k], *found = NULL;

        if (s == NULL) continue;
        if (s->kind == NL_AST_ASSIGN && is_equation(s)) {
            const nl_ast *left = s->kids[0]->kind == NL_AST_PRIME ? s->kids[0] : s->kids[0]->kids[1];
            if (is_named(left->kids[0], name)) return s;
        } else if (s->kind == NL_AST_NEXT && is_named(s->kids[0], name)) {
            return s;
        } else if (s->kind == NL_AST_IF || s->kind == NL_AST_BLOCK) {
            found = find_equation(s, name);
        }
        if (found != NULL) return found;
    }
    return NULL;
}

static void check_items(const context *c, const nl_ast *s)
{
    const int may = MAY_BE_WITHIN
                    | (s->kind == NL_AST_LETS && (c->where == BODY || c->where == SYNAPSES) ? MAY_HAVE_PRIME : 0);

    for (int k = 0; k < s->kid_count; k++) {
        const nl_ast *item = s->kids[k];
        const nl_ast *equation = nl_ast_kid(item, 3) != NULL ? find_equation(c->body, item->name) : NULL;

        check_family(c, nl_ast_kid(item, 0), 0, "for k in 0 .. 3 { ... NAME(k) ... }");
        for (int part = 1; part < item->kid_count; part++) check_expression(c, item->kids[part], may);
        if (equation != NULL)
            fail(c, NL_E_PART, equation->span, "a state that decays has no other equation",
                 "`decays T` is short for T * x' = -x; write the whole equation");
    }
}

/* What the expressions among a statement's kids may hold. */
static int statement_may(const nl_ast *s, int index)
{
    switch (s->kind) {
    case NL_AST_SPIKE_WHEN: case NL_AST_EVENT: case NL_AST_WHEN: case NL_AST_REFRACTORY_WHILE: case NL_AST_RUN_UNTIL:
        return index == 0 ? MAY_BE_WITHIN | MAY_CROSS : 0;
    case NL_AST_NEXT:
        return MAY_BE_WITHIN | MAY_HAVE_PRIME;
    default:
        return MAY_BE_WITHIN;
    }
}

static void check_kid(const context *c, const nl_ast *s, int index)
{
    const place_rule *rule = &rules[s->kind];
    const nl_ast *kid = s->kids[index];
    context inner = *c;

    if (kid == NULL) return;
    if (kid->kind == NL_AST_IF) {
        check_statement(c, kid);
    } else if (kid->kind != NL_AST_BLOCK) {
        check_expression(c, kid, statement_may(s, index));
    } else if (rule->block == SAME) {
        check_block(c, kid);
    } else {
        inner.where = rule->block;
        inner.text = rule->block_text;
        if (rule->block != EVENT) inner.body = kid;
        check_block(&inner, kid);
    }
}

static void check_loop(const context *c, const nl_ast *s)
{
    const loop here = { s->name, c->loops };
    context inner = *c;

    check_expression(c, s->kids[0], MAY_BE_WITHIN);
    inner.loops = &here;
    check_block(&inner, nl_ast_kid(s, 1));
}

static bool has_declared_name(nl_ast_kind kind)
{
    return kind == NL_AST_POPULATION || kind == NL_AST_PROJECTION || kind == NL_AST_INSTANCE || kind == NL_AST_COLLECT
        || kind == NL_AST_RECORD;
}

/* Parameters of rules: their defaults are expressions. */
static void check_params(const context *c, const nl_ast *params)
{
    for (int k = 0; k < params->kid_count; k++)
        check_expression(c, nl_ast_kid(params->kids[k], 0), 0);
}

static bool has_params(const nl_ast *s)
{
    switch (s->kind) {
    case NL_AST_FUNCTION: case NL_AST_NEURON: case NL_AST_SYNAPSE: case NL_AST_CONNECTOR: case NL_AST_CIRCUIT:
        return s->kids[0] != NULL;
    default:
        return false;
    }
}

static const char *statement_word(const context *c, const nl_ast *s)
{
    return nl_arena_printf(c->p->arena, "`%s`", nl_ast_kinds[s->kind].word);
}

static void check_statement(const context *c, const nl_ast *s)
{
    if (s == NULL) return;
    if (s->kind == NL_AST_ASSIGN) {
        check_assignment(c, s);
        return;
    }
    if (!(rules[s->kind].where & 1 << c->where)) report_place(c, s, statement_word(c, s), rules[s->kind].where);
    if (s->kind == NL_AST_PARAMS || s->kind == NL_AST_STATES || s->kind == NL_AST_LETS || s->kind == NL_AST_INPUTS) {
        check_items(c, s);
    } else if (s->kind == NL_AST_OVERRIDE) {
        check_statement(c, s->kids[0]);
    } else if (s->kind == NL_AST_FOR) {
        check_loop(c, s);
    } else {
        if (has_declared_name(s->kind)) check_declared(c, s->kids[0]);
        if (has_params(s)) check_params(c, s->kids[0]);
        for (int k = has_params(s); k < s->kid_count; k++) check_kid(c, s, k);
    }
}

void nl_place_check(nl_parser *p, const nl_ast *statement)
{
    const context c = { .p = p, .where = TOP, .text = "at top level" };

    check_statement(&c, statement);
}
