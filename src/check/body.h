/* What the files body*.c share; nobody else includes it.
 *
 * A body is the block of a population or a projection; the equations at top level are the body of a population of one
 * without a name.  It is read in two passes.  The first collects what is declared (entries), so that names may be used
 * in any order; the second resolves initial values, equations and statements, and each `let` when it is first read. */
#ifndef NL_CHECK_BODY_H
#define NL_CHECK_BODY_H

#include "check.h"

#include "base/text.h"

#define NL_NO_VAR UINT32_MAX
#define NL_NO_EVENT UINT32_MAX

typedef enum nl_entry_kind { NL_ENTRY_STATE, NL_ENTRY_PARAM, NL_ENTRY_INPUT, NL_ENTRY_LET } nl_entry_kind;
typedef enum nl_progress { NL_WAITING, NL_RESOLVING, NL_RESOLVED, NL_FAILED } nl_progress;

/* What kind of text of a body it is; with its layer it decides which names the text sees. */
typedef enum nl_origin_kind {
    NL_OF_BLOCK,    /* what stands in the braces: all that the body has, then the file of the layer */
    NL_OF_ARGUMENT, /* an argument of the layer's template: what the layer before sees, without the parameters of
                     * this */
    NL_OF_DEFAULT,  /* the value of a parameter without argument: the parameters before it, then the template's file */
    NL_ORIGIN_COUNT
} nl_origin_kind;

typedef struct nl_origin {
    nl_origin_kind kind;
    size_t layer;
} nl_origin;

/* Layer 0 is the body itself, layer 1 its template, layer 2 the template that this one is built on .. */
typedef struct nl_layer {
    const nl_ast *template, *use; /* NEURON or SYNAPSE, and what stands behind `using`; NULL in layer 0 */
    const nl_ast *params, *block; /* with the names that were given to parameters; NULL: none */
    const nl_ast *const *args;    /* by parameter, NULL for its default */
    nl_scope *home;               /* the file in which it stands */
    nl_scope *scopes[NL_ORIGIN_COUNT]; /* values that are known before time starts, as each kind of text sees them */
} nl_layer;

/* A name that a body declares. */
typedef struct nl_entry {
    nl_entry_kind kind;
    const char *name;
    nl_span span;
    const nl_ast *item;   /* NULL: declared by a connection rule */
    uint32_t var;         /* of the model, or NL_NO_VAR (lets, parameters that are one number for all synapses) */
    nl_progress progress; /* of its initial value or its expression */
    nl_ref node;          /* what reading the name gives */
    nl_origin origin;     /* of its text .. */
    nl_scope *scope;      /* .. and where that looks for values */
    nl_scope *shown;      /* of a parameter of a template: where the defaults behind it look; else NULL */
    nl_symbol *symbol;    /* of a `let` that is known before time starts */
    bool is_column;       /* of a table: one value for each element, of a `let` too */
    size_t number;        /* in the body */
} nl_entry;

typedef struct nl_statement {
    const nl_ast *node;
    nl_origin origin;
} nl_statement;

/* A prev() or delay() whose expression could not be resolved yet, because it leads back to a `let` that is being
 * resolved. */
typedef struct nl_pending nl_pending;

/* An event of a body; its number in the model is known before its statement is resolved. */
typedef struct nl_event_entry {
    const nl_ast *statement;
    const char *name;   /* NULL: `when` */
    uint32_t number;
} nl_event_entry;

typedef struct nl_body {
    nl_check *ck;
    bool is_projection;
    uint32_t number;    /* of the population or projection */
    const char *name;   /* "E", "T.E" */
    bool is_top;        /* of the equations at the top level of a file, whose name is "", or of an instance */
    const char *prefix; /* of streams and full names: "E." */
    uint32_t space;     /* of its elements; 0 for a population of one */
    nl_origin origin;   /* of the text that is being read .. */
    nl_scope *scope;    /* .. and the values that it sees and that are known before time starts */
    NL_LIST(nl_layer *) layers;
    size_t use_mark;    /* the messages before a template was read */
    bool is_gathering;                 /* not all entries are there */
    NL_LIST(nl_entry *) entries;
    NL_LIST(nl_entry *) open;  /* being resolved, innermost last */
    bool is_opaque;            /* a part of it is not understood: names that are missing are not its fault */
    bool circular;             /* an entry led back to itself inside prev() or delay() */
    const nl_ast *circle_unit; /* .. its item when that states a unit */
    int shielded;              /* depth of prev() and delay() being resolved */
    NL_LIST(nl_pending *) pending;
    NL_LIST(nl_statement) statements; /* what is not a declaration, in order; branches of `if` already chosen */
    const char *method;
    nl_span method_span;
    NL_LIST(nl_event_entry) events;
    const nl_ast *delays[2];   /* of a projection: `delay` and `dendritic_delay` .. */
    nl_origin delay_origins[2];
    nl_ref delay_nodes[2];     /* .. 0: none */
    const nl_ast *refractory;
    size_t first_flow, first_pathway; /* its own are the last of the model while it is read */
} nl_body;

typedef struct nl_stream_use {
    const char *name;
    uint32_t uses;
} nl_stream_use;

struct nl_body_state {
    NL_LIST(nl_body *) populations, projections; /* by number; NULL where the body failed early */
    NL_LIST(nl_stream_use) streams;
};

/* What an expression is for: it decides what the expression may contain and how its faults are worded. */
typedef enum nl_place {
    NL_IN_PARAM,
    NL_IN_STATE,
    NL_IN_HISTORY,
    NL_IN_LET,
    NL_IN_EQUATION,
    NL_IN_NEXT,
    NL_IN_BLOCK,
    NL_IN_CONDITION,  /* of an event */
    NL_IN_EVENT,      /* what an event does */
    NL_IN_PATHWAY,    /* what synapses do when a spike arrives */
    NL_IN_REFRACTORY, /* how long a neuron rests */
    NL_IN_FLOW,
    NL_IN_RULE,
    NL_IN_BOUND,
    NL_IN_PROBE
} nl_place;

/* Assignments made so far by a block: what a state is worth from here on. */
typedef struct nl_env {
    NL_LIST(nl_assign) assigns;
    NL_LIST(nl_write) writes;  /* of pathways: to states of neurons */
} nl_env;

/* A FUNCTION or CONNECTOR that is being written out. */
typedef struct nl_call_frame {
    const nl_ast *decl;
    const struct nl_call_frame *up;
} nl_call_frame;

typedef struct nl_resolver {
    nl_check *ck;
    nl_body *body;   /* whose names are visible; NULL in functions and in the protocol */
    nl_scope *scope; /* innermost: arguments of functions, lets of blocks */
    nl_scope *outer; /* of the file: where the scopes above end */
    nl_origin origin;
    size_t reach;    /* OF_DEFAULT: the number of entries before its own */
    nl_place place;
    uint32_t space;     /* of the elements that it is evaluated for */
    const char *stream; /* of its draws */
    const nl_env *env;  /* inside blocks, else NULL */
    nl_ref guard;       /* inside a branch of `if`: the condition under which it counts */
    const nl_call_frame *frame; /* of the innermost function or connector */
    int depth;                  /* of calls that are only looked at */
} nl_resolver;

/* --- body.c --- */
nl_body_state *nl_body_state_of(nl_check *ck);
nl_body *nl_body_new(nl_check *ck, bool is_projection, uint32_t number, const char *name, uint32_t space);
/* A resolver for an expression of the text that is being read .. */
nl_resolver nl_resolver_of(nl_body *body, nl_place place, const char *name);
/* .. and for one that belongs to an entry. */
nl_resolver nl_entry_resolver(nl_body *body, const nl_entry *entry, nl_place place);
static const nl_origin nl_origin_body = { NL_OF_BLOCK, 0 };
/* From here on the text that is read has this origin. */
void nl_body_read(nl_body *body, nl_origin origin);
nl_entry *nl_entry_find(const nl_body *body, const char *name);
/* .. if the resolver's text may see it. */
nl_entry *nl_entry_seen(const nl_resolver *rs, const char *name);
nl_entry *nl_entry_add(nl_body *body, nl_entry_kind kind, const char *name, nl_span span, const nl_ast *item);
uint32_t nl_var_add(nl_body *body, nl_var_kind kind, const char *name, nl_span span, const char *doc);
/* The node that reading an entry gives; resolves it when that was not done yet.  0 after a diagnostic. */
nl_ref nl_entry_node(nl_body *body, nl_entry *entry, nl_span span);
/* Resolves an expression of a body for its elements: its space is the body's or 0. */
nl_ref nl_body_value(nl_resolver *rs, const nl_ast *expr);
/* .. and checks it against a dimension; `what` and `words` make the sentence: "`v` is in mV, its initial value in
 * ms". */
bool nl_body_dim_fits(nl_check *ck, nl_span span, const char *subject, nl_dim wanted, const char *what, nl_dim got);
/* Calls `visit` for the statements that remain when each `if` with a known condition is replaced by its branch. */
typedef void (*nl_statement_fn)(nl_body *body, const nl_ast *statement);
void nl_body_walk(nl_body *body, const nl_ast *block, nl_statement_fn visit);
/* A projection's own parameter without a name: one value per synapse, computed before time starts. */
nl_ref nl_body_hidden_param(nl_body *body, const char *name, nl_ref value, nl_span span);
/* When its statements are resolved: what is read of it from outside, and its method. */
void nl_body_close(nl_body *body);
/* Resolves initial values, lets and what waited for them. */
void nl_body_resolve_entries(nl_body *body);
void nl_body_collect(nl_body *body, const nl_ast *statement);
/* Collects all of a body: what its template brings (`use` is NULL without one), then its own block. */
void nl_body_gather(nl_body *body, const nl_ast *use, const nl_ast *block);
/* Second pass over the statements that were collected. */
void nl_body_statements(nl_body *body);
/* Says that a part of the language is not there yet. */
void nl_body_not_yet(nl_check *ck, nl_span span, const char *what);
nl_graph *nl_graph_of(const nl_resolver *rs);

/* --- body_override.c --- */
/* Puts a statement in the place of the template's. */
void nl_body_override(nl_body *body, const nl_ast *override);

/* --- body_block.c --- */
void nl_body_block(nl_body *body, const nl_ast *statement);

/* --- body_equation.c --- */
void nl_body_statement(nl_body *body, const nl_ast *statement);
/* The state that a statement names; NULL after a diagnostic, whose beginning is "a derivative needs". */
nl_entry *nl_state_named(nl_body *body, const nl_ast *name, const char *needs);

/* --- body_columns.c --- */
/* Whether a table has one column for each name; a diagnostic if it is known not to. */
bool nl_columns_fit(nl_body *body, const nl_ast *statement);
bool nl_column_is_known(nl_resolver *rs, const nl_ast *item);
/* The ITEM that one of the names stands for. */
const nl_ast *nl_column_item(nl_body *body, const nl_ast *statement, int column);

/* --- body_write.c --- */
/* What a block does (NULL: nothing): one value for each variable that it assigns. */
nl_env nl_body_write(nl_body *body, nl_place place, const nl_ast *block);

/* --- body_event.c --- */
/* Gives an event its number; other statements are none. */
void nl_body_collect_event(nl_body *body, const nl_ast *statement);
/* Puts another statement in the place of that of an event. */
void nl_body_replace_event(nl_body *body, const nl_ast *old, const nl_ast *statement);
uint32_t nl_body_event_number(const nl_body *body, const nl_ast *statement); /* NL_NO_EVENT: it was refused */
uint32_t nl_body_event_find(nl_body *body, const char *name);                /* NL_NO_EVENT: there is none */
uint32_t nl_body_spikes(nl_body *body);                                      /* the event of `spike` */
void nl_body_event(nl_body *body, const nl_ast *statement);
void nl_body_refractory(nl_body *body, const nl_ast *statement);
bool nl_is_spiked(const char *name);
nl_ref nl_spiked_node(nl_body *body, const char *owner, nl_span span);
nl_ref nl_resolve_spiked(nl_resolver *rs, const nl_ast *e);
nl_ref nl_resolve_crosses(nl_resolver *rs, const nl_ast *e);
bool nl_draws(const nl_graph *graph, nl_ref ref);

/* --- body_times.c --- */
void nl_body_event_block(nl_body *body, const nl_ast *block, nl_event *event);
void nl_body_spike_at(nl_body *body, const nl_ast *statement);

/* --- body_synapse.c --- */
void nl_body_on(nl_body *body, const nl_ast *statement);
void nl_body_collect_delay(nl_body *body, const nl_ast *statement);
void nl_body_delays(nl_body *body);
/* What pre.NAME or post.NAME is in its population; NULL after a diagnostic. */
nl_entry *nl_side_entry(nl_body *body, const nl_ast *field, bool is_pre);
/* The state that an event of a synapse changes; NULL after a diagnostic. */
const nl_entry *nl_synapse_target(nl_body *body, const nl_ast *field, bool is_pre);
void nl_body_close_synapses(nl_body *body, const nl_ast *decl);

/* --- body_template.c --- */
/* Finds the template behind `using`, those that it is built on, and binds their parameters: a layer for each.  After a
 * diagnostic there are none, and the body is opaque. */
void nl_template_enter(nl_body *body, const nl_ast *use);
/* Messages about a template say where it was used. */
void nl_template_leave(nl_body *body);
/* A tree in which the names that were given to `param : name` stand for the parameters; `args` by parameter, NULL for
 * its default.  NULL after a diagnostic. */
const nl_ast *nl_with_names(nl_check *ck, const nl_ast *params, const nl_ast *const *args, const nl_ast *tree);

/* --- body_name.c --- */
typedef enum nl_found_how { NL_FOUND_NOTHING, NL_FOUND_SYMBOL, NL_FOUND_ENTRY, NL_FOUND_IMPLICIT } nl_found_how;
typedef struct nl_found {
    nl_found_how how;
    nl_symbol *symbol; /* SYMBOL; IMPLICIT: the file's own that it would hide, or NULL */
    nl_entry *entry;
    int implicit;
} nl_found;
nl_found nl_name_find(const nl_resolver *rs, const char *name);
nl_ref nl_resolve_name(nl_resolver *rs, const nl_ast *e);
nl_ref nl_resolve_field(nl_resolver *rs, const nl_ast *e);
nl_ref nl_resolve_prime(nl_resolver *rs, const nl_ast *e);
void nl_check_names(nl_resolver *rs, const nl_ast *e);
nl_diag *nl_name_unknown(nl_resolver *rs, const char *name, nl_span span);
/* The population, part or projection that the base of NAME.member names; NULL when it is none. */
const nl_symbol *nl_name_owner(nl_resolver *rs, const nl_ast *e);
/* The symbol outside of the body that a path names, a(0) or T.tau; NULL where its first name is one of the body, or
 * where it names none. */
nl_symbol *nl_name_symbol(const nl_resolver *rs, const nl_ast *path);
nl_ref nl_symbol_node(nl_resolver *rs, nl_symbol *symbol, const nl_ast *e);
nl_evaluator nl_evaluator_of(const nl_resolver *rs);
nl_ref nl_value_node(nl_resolver *rs, nl_value value, nl_symbol *symbol, nl_span span);
nl_ref nl_member_node(nl_check *ck, const nl_symbol *owner, const char *member, nl_span span);
/* The value of a node with the block's assignments so far. */
nl_ref nl_env_apply(const nl_resolver *rs, nl_ref ref);
/* The words for an operand in a message: "`E.r`", or "this". */
const char *nl_ast_words(nl_arena *arena, const nl_ast *e);

/* --- body_static.c --- */
/* True when an expression depends on nothing but values that are known before time starts and stay. */
bool nl_is_static(const nl_resolver *rs, const nl_ast *e);
nl_value nl_static_value(const nl_resolver *rs, const nl_ast *e);
bool nl_is_draw(const char *name, int arg_count);
/* True when an expression draws random numbers, itself or in a function that it calls. */
bool nl_has_draw(const nl_resolver *rs, const nl_ast *e);
bool nl_is_special_call(const char *name);
bool nl_call_exists(const char *name);
int nl_call_count(const nl_ast *call);

/* --- body_expr.c --- */
nl_ref nl_resolve(nl_resolver *rs, const nl_ast *e);
nl_ref nl_resolve_condition(nl_resolver *rs, const nl_ast *e, const char *what);
/* A resolver for the branch of an `if`. */
nl_resolver nl_resolver_under(const nl_resolver *rs, nl_ref condition, bool holds);
/* Brings operands to one space; false with a diagnostic. */
bool nl_unify(nl_resolver *rs, const nl_ast *const *asts, nl_ref *refs, int count);
nl_ref nl_conform(nl_resolver *rs, const nl_ast *e, nl_ref ref, uint32_t space);
nl_ref nl_recast(nl_graph *graph, nl_ref ref, uint32_t space);
/* A node that passes on values of `source`: PART, GATHER, PRE .. with its dimension and kind; `index` 0: none. */
nl_ref nl_view_node(nl_graph *graph, nl_node_kind kind, uint32_t id, uint32_t space, nl_ref source, nl_ref index);
/* One number repeated over a space. */
nl_ref nl_spread(nl_graph *graph, nl_ref ref, uint32_t space);
nl_ref nl_compare(nl_resolver *rs, const char *op, nl_ref a, nl_ref b);
nl_value nl_stand_in(const nl_resolver *rs, nl_ref ref);
nl_eval_context nl_value_context(const nl_resolver *rs);
nl_ref nl_op_node(nl_resolver *rs, nl_op op, const nl_ref *args, int count, nl_dim dim);

/* --- body_index.c --- */
nl_ref nl_resolve_index(nl_resolver *rs, const nl_ast *e);
/* An index into so many elements; one that is certainly out of range is reported.  In a branch that is not taken, it is
 * 0. */
nl_ref nl_checked_index(nl_resolver *rs, const nl_ast *e, nl_ref index, size_t extent);

/* --- body_probe.c --- */
nl_ref nl_probe_index(nl_resolver *rs, const nl_ast *e);

/* --- body_call.c --- */
nl_ref nl_resolve_call(nl_resolver *rs, const nl_ast *e);
const char *nl_call_name(const nl_ast *call);
bool nl_refuse_argument(nl_resolver *rs, nl_span span, const char *sentence); /* always false */
bool nl_bind_args(nl_resolver *rs, const nl_ast *call, const char *const *names, int count, int needed,
                  const nl_ast **out);
int nl_split_names(nl_arena *arena, const char *text, const char **names, int room);

/* --- body_function.c --- */
nl_ref nl_resolve_function(nl_resolver *rs, const nl_ast *call, const nl_symbol *symbol);
/* A resolver for the text of something that is called with arguments: a FUNCTION or CONNECTOR, its parameters bound.
 * The text is what it holds, with the names that were given to parameters; NULL after a diagnostic. */
const nl_ast *nl_call_enter(nl_resolver *rs, const nl_ast *call, const nl_symbol *symbol, nl_resolver *inside);

/* --- body_draw.c --- */
/* xi, xi_a ..: Gaussian white noise. */
bool nl_is_noise(const char *name);
nl_ref nl_resolve_noise(nl_resolver *rs, const nl_ast *e);
nl_ref nl_resolve_draw(nl_resolver *rs, const nl_ast *call, nl_dist dist);
int nl_dist_find(const char *name); /* -1: none */
nl_ref nl_resolve_table(nl_resolver *rs, const nl_ast *call, nl_value value);

/* --- body_reduce.c --- */
bool nl_is_reduction(const nl_ast *call, const char *name);
nl_ref nl_resolve_reduction(nl_resolver *rs, const nl_ast *call, const char *name);

/* --- body_time.c: prev, delay, window_mean --- */
nl_ref nl_resolve_prev(nl_resolver *rs, const nl_ast *call);
nl_ref nl_resolve_delay(nl_resolver *rs, const nl_ast *call);
nl_ref nl_resolve_window(nl_resolver *rs, const nl_ast *call);
void nl_body_resolve_pending(nl_body *body);
bool nl_varies_in_time(const nl_graph *graph, nl_ref ref);
/* The same, where what is drawn is drawn once. */
bool nl_changes_in_time(const nl_graph *graph, nl_ref ref);

/* --- body_rule.c --- */
/* Makes the numbers of neurons on both sides known before time starts, as the text of a connector sees them. */
void nl_rule_sizes(const nl_resolver *rs, nl_scope *scope);
bool nl_rule_resolve(nl_body *body, const nl_ast *via);

/* --- sides.c --- */
void nl_sides_settle(nl_check *ck);

#endif
