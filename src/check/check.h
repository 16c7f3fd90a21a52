/* From trees to a checked model and a list of protocol statements.
 *
 * check.c walks the file top to bottom: declarations become symbols of a scope (values are evaluated at once, with the
 * overrides of -D), populations, projections and top-level equations go to body*.c, which resolves them into nodes of
 * the model's graph; protocol statements are evaluated once with unknown results of runs (protocol_check), so that
 * their names, shapes and dimensions are known to be right before anything runs.  run/ evaluates them again, with
 * results. */
#ifndef NL_CHECK_CHECK_H
#define NL_CHECK_CHECK_H

#include "model.h"
#include "syntax/parse.h"

typedef struct nl_check nl_check;
typedef struct nl_scope nl_scope;
typedef struct nl_symbol nl_symbol;
typedef struct nl_body_state nl_body_state;

typedef enum nl_symbol_kind {
    NL_SYM_VALUE,      /* param, let, solve, variable of a for loop: `value` */
    NL_SYM_FUNCTION,   /* decl */
    NL_SYM_POPULATION, /* id; a family member has its full name "P(0)" */
    NL_SYM_PART,       /* part */
    NL_SYM_PROJECTION, /* id */
    NL_SYM_STATE,      /* id of a variable declared at top level (population of one) */
    NL_SYM_BODY_LET,   /* node: a `let` of a body or function argument bound to a node */
    NL_SYM_RECORD,     /* a recorded series: value (a signal) */
    NL_SYM_METHOD, NL_SYM_CONNECTOR, NL_SYM_NEURON, NL_SYM_SYNAPSE, NL_SYM_CIRCUIT, NL_SYM_SNAPSHOT,
    NL_SYM_INSTANCE,   /* of a circuit: `members`; id is the population of its top level, UINT32_MAX: none */
    NL_SYM_FILE        /* use "rules.net" as NAME: `members` */
} nl_symbol_kind;

struct nl_symbol {
    nl_symbol_kind kind;
    const char *name;     /* in full: "v", "P(0)", "T.P(0)" */
    const char *stream;   /* of the draws of its value: its name, and the turn of a loop */
    nl_span span;
    const char *doc;
    const nl_ast *decl;   /* declaration: ITEM, FUNCTION, POPULATION .. */
    nl_scope *home;       /* in which its declaration is read */
    const nl_ast *given;  /* the argument that takes the place of its value .. */
    nl_scope *giver;      /* .. and the scope in which that is read */
    nl_scope *members;    /* INSTANCE, FILE, and CIRCUIT of a file that holds rules, too: its names; see nl_use_members */
    struct nl_used *file; /* CIRCUIT: the file that it was made of, or NULL */
    nl_value value;
    uint32_t id;
    nl_part part;
    nl_ref node;
    bool is_param;        /* set and -D may change it */
    bool varies; /* its number changes after bodies are compiled: target of `set`, or depends on one, or a `let` after a
                    run, or a loop variable; bodies then read it through a slot or an array */
    bool used;
    bool follows;         /* declared before time starts: `set` of what it is made of computes it again .. */
    bool pinned;          /* .. unless -D or `set` gave it a value of its own */
    struct nl_symbol **dependents; /* values and functions that are made of it; found at the first `set` */
    size_t dependent_count;
    bool has_dependents;
    int slot, array;      /* number in the model, -1 until a body reads it */
    bool single;          /* of `collect`: its value is what was collected last, not the rows of all times */
};

typedef struct nl_scope_index nl_scope_index;

/* What a scope knows as that of an instance of a circuit. */
typedef struct nl_instance {
    const char *prefix;        /* "T.": stands before the names of its symbols, in their full names */
    size_t length;
    const nl_symbol *circuit;
    const nl_ast *params;      /* PARAMs of its head, and one for each `param` of its text .. */
    const nl_ast **args;       /* .. what they are given, or NULL .. */
    bool *taken;               /* .. and whether they have been declared */
    nl_scope *caller;          /* the scope of the INSTANCE */
} nl_instance;

struct nl_scope {
    nl_scope *parent;
    NL_LIST(nl_symbol *) symbols; /* of one name the last counts; none is ever taken out */
    nl_scope_index *index;        /* of the names of a long list; NULL: none is kept */
    NL_LIST(const char *) families; /* P, where P(0) is declared */
    bool is_loop;         /* of a declaration-level `for`: what is declared in it belongs to the scope around it */
    const char *turn;     /* of that loop and those around it: " j=1 k=2" */
    const nl_ast *text;   /* BLOCK of the file or circuit whose declarations it holds, or NULL */
    const char *folder;   /* of that file, for load() and `use`; NULL: that of the scope around it */
    nl_check *shipped;    /* of the outermost: the functions of the library are names of it */
    nl_instance *instance; /* of a loop too; NULL: the scope is no instance's */
    struct nl_body *equations;   /* of the top level of that text, once there are some */
    bool is_opaque;              /* of an instance that could not be made: names that are missing are not its fault */
};

nl_scope *nl_scope_new(nl_arena *arena, nl_scope *parent);
nl_symbol *nl_scope_find(const nl_scope *scope, const char *name);       /* in it or a parent; NULL */
nl_symbol *nl_scope_find_here(const nl_scope *scope, const char *name);
/* Whether P(0) or another member is declared in it. */
bool nl_scope_has_family(const nl_scope *scope, const char *name);
/* The scope of a file or circuit around the loops that this one may be of. */
nl_scope *nl_scope_of_text(nl_scope *scope);
const char *nl_scope_folder(const nl_scope *scope);
/* The full name of what is declared as `name` here: "T.P". */
const char *nl_scope_full_name(nl_check *ck, nl_scope *scope, const char *name);
/* The stream for the value of what is declared as `name` here. */
const char *nl_scope_stream(nl_check *ck, nl_scope *scope, const char *name);
/* A symbol's name inside of this scope; one that `use` has taken has no other. */
const char *nl_scope_own_name(const nl_scope *scope, const nl_symbol *symbol);
/* Adds a symbol; a second one of the same name in the same scope is an error that shows both places (NULL).  Those of
 * instances also become symbols of the file, by their full names. */
nl_symbol *nl_scope_add(nl_check *ck, nl_scope *scope, nl_symbol_kind kind, const char *name, nl_span span,
                        const nl_ast *decl);
/* Adds a symbol that another scope has. */
void nl_scope_take(nl_check *ck, nl_scope *scope, nl_symbol *symbol);
/* The closest visible name, or NULL. */
/* Adds to the message about an unknown name what is to be done, if that is no matter of spelling; `span` is its place. */
bool nl_name_remedy(nl_check *ck, nl_diag *diag, const char *name, nl_span span);

const char *nl_scope_suggest(nl_check *ck, const nl_scope *scope, const char *name);
/* .. among the rules of one kind, then among the shipped ones. */
const char *nl_scope_suggest_kind(nl_check *ck, const nl_scope *scope, nl_symbol_kind kind, const char *name);

/* --- evaluation of an expression outside of time (eval.c) --- */

/* Answers what only a run knows; while checking, values are unknown (shape and dimension only). */
typedef struct nl_eval_world {
    void *user;
    /* Present values of a state, parameter, let or record expression node: `node` over `space`; shape from the
     * space. */
    nl_value (*read)(void *user, nl_arena *arena, nl_ref node, nl_dim dim, uint32_t space, nl_span span);
    double (*time)(void *user); /* the clock, NAN while unknown */
    /* The connection of a projection as it was built; NULL while unknown. */
const struct nl_conn *(*conn)(void *user, uint32_t projection);
} nl_eval_world;

/* A call of a function of the file that is being evaluated. */
typedef struct nl_eval_frame {
    const nl_ast *function;
    const struct nl_eval_frame *up;
} nl_eval_frame;

typedef struct nl_evaluator {
    nl_check *ck;
    nl_scope *scope;
    nl_arena *arena;         /* for results */
    const nl_eval_world *world; /* NULL before time starts: reading a state is an error */
    const char *stream;      /* name of the declaration, for draws */
    uint64_t draw_count, trial;
    int depth;               /* of function calls: recursion is refused */
    bool samples;            /* what a record samples: prev() and delay() have a value */
    const nl_symbol *varying; /* a value that was read and that changes during the protocol (the last one), or NULL */
    const nl_eval_frame *frame; /* of the innermost call */
} nl_evaluator;

/* The value of an expression; NONE with a diagnostic on failure. */
nl_value nl_eval(nl_evaluator *ev, const nl_ast *expr);
/* A condition (known or unknown); false with a diagnostic when it is none. */
bool nl_eval_condition(nl_evaluator *ev, const nl_ast *expr, nl_value *out);
/* A known number with the given dimension. */
bool nl_eval_number(nl_evaluator *ev, const nl_ast *expr, nl_dim dim, const char *what, double *out);
bool nl_eval_count(nl_evaluator *ev, const nl_ast *expr, const char *what, size_t *out); /* a whole number >= 0 */

/* Reports the unknown names of an expression that is not evaluated. */
void nl_eval_check_names(nl_evaluator *ev, const nl_ast *expr);
/* Reports an unknown name with the closest one; always NONE. */
nl_value nl_eval_name_error(nl_evaluator *ev, nl_span span, const char *name);
/* Whether `name` is the base name of a family of which a member is declared. */
bool nl_eval_is_family(const nl_evaluator *ev, const char *name);
/* Whether it is P(0 .. L): members of a family, whose values stand one behind the other. */
bool nl_eval_names_members(nl_evaluator *ev, const nl_ast *base);
/* base[index...] for an INDEX whose base has been evaluated. */
nl_value nl_eval_index_value(nl_evaluator *ev, const nl_ast *expr, nl_value base);
/* N, i, row, col of a population or part; NONE (without a diagnostic) where `name` is none of them. */
nl_value nl_eval_implicit_member(nl_evaluator *ev, const nl_symbol *owner, const char *name);
/* Whether the tolerance of `within` was written in %. */
bool nl_eval_is_relative(const nl_ast *tolerance);

/* The name that a declaration's or a reference's path means here: "P", "P(0)", "T.P(0)"; NULL with a diagnostic. */
const char *nl_eval_family_name(nl_evaluator *ev, const nl_ast *name);
/* The symbol that a path names: NAME, P(0), and members of instances and files, T.P(0); NULL, with a diagnostic only
 * where the number of a member is wrong. */
nl_symbol *nl_eval_symbol(nl_evaluator *ev, const nl_ast *path);
/* Whether a CALL is the path of a family's member. */
bool nl_eval_is_member(nl_evaluator *ev, const nl_ast *call);
/* Whether an expression is written like a path to one thing: no range of members. */
bool nl_eval_is_path(const nl_ast *expr);
/* Whether a path leads into an instance that could not be made. */
bool nl_eval_is_lost(nl_evaluator *ev, const nl_ast *path);
/* The population, part or projection that an expression names: NAME, member of a family, P[0:100], in parentheses or
 * chosen by `if then else`.  NULL without a diagnostic when it names none (a fault on the way is reported). */
const nl_symbol *nl_eval_owner(nl_evaluator *ev, const nl_ast *expr);

/* --- bodies (body*.c) --- */
bool nl_body_population(nl_check *ck, const nl_ast *decl);
bool nl_body_projection(nl_check *ck, const nl_ast *decl);
/* A top-level state, input, equation, next, history, every, at: into a population of one, of the file or instance. */
bool nl_body_top(nl_check *ck, const nl_ast *stmt);
/* Of its population or projection. */
uint32_t nl_body_number(const struct nl_body *body);
/* The unit that a PARAM or ITEM states, or that of the number that is its value when nothing is given; NULL: none. */
const nl_unit *nl_param_unit(const nl_check *ck, const nl_ast *named, const nl_ast *value);
/* The ITEM with the name, unit and documentation of a PARAM. */
nl_ast *nl_param_item(const nl_check *ck, const nl_ast *param, const nl_ast *value);
/* Sorts the arguments of a use, NAME or NAME(..), by the parameters of what is used: a FUNCTION, CONNECTOR, NEURON,
 * SYNAPSE or CIRCUIT; NULL where the default stands.  Faults show both places. */
bool nl_bind_parameters(nl_check *ck, const nl_ast *use, const nl_ast *decl, const nl_ast **out);
/* After the last declaration: every state has at most one equation, inputs make no circle without delay, blocks and
 * flows are complete, methods exist and suit; fills what could only be known now. */
bool nl_body_finish(nl_check *ck);

/* A protocol expression as a node that a simulation can evaluate at every sample: `record`, `run until`, X.x.  0
 * without a diagnostic when the expression uses what the vector language lacks (then it is evaluated by nl_eval at
 * every sample); 0 with a diagnostic when it is wrong.  The shape is that of a sample. */
nl_ref nl_body_probe(nl_check *ck, nl_scope *scope, const nl_ast *expr, int *rank, size_t shape[NL_RANK], nl_dim *dim);

/* Members of populations and projections for the evaluator: the node of NAME.member ("X.x", "X.I_syn", "EE.w", on parts
 * too), or 0 with a diagnostic. */
nl_ref nl_body_member(nl_check *ck, const nl_symbol *owner, const char *member, nl_span span);

/* --- methods_check.c --- */

/* The order, the stages, and the interval of stability on the negative real axis. */
const char *nl_method_describe(nl_arena *arena, const nl_tableau *method);

/* --- the whole --- */

/* Walks through the declarations of a block, in the scope ck->top. */
void nl_check_walk_block(nl_check *ck, const nl_ast *block);
/* Declares what `use` takes of a file: rules, and values up to where its experiment begins. */
void nl_check_declare_rules(nl_check *ck, const nl_ast *file);
/* All declarations of a file, without `simulation` and the protocol. */
const nl_ast *nl_check_declarations(nl_check *ck, const nl_ast *file);
/* Whether there are more of them than rules and values. */
bool nl_check_holds_network(const nl_ast *file);
/* Whether some `set` of the file may change the variable of a population or projection, "" for the top level .. */
bool nl_check_is_set(const nl_check *ck, const char *owner, const char *member);
/* .. or the value with this full name. */
bool nl_check_sets_value(const nl_check *ck, const char *name);
/* Evaluates the settings of `simulation` if that is still to do: dt and the dimension of times are known afterwards.
 * False when they are wrong (reported). */
bool nl_check_need_simulation(nl_check *ck);
/* The dimension of times: ms where the file is dimensional. */
nl_dim nl_check_time_dim(const nl_check *ck);

typedef struct nl_library nl_library; /* what is shipped: library.c */
typedef struct nl_plan nl_plan; /* what the protocol reads: plan.h */

struct nl_check {
    nl_arena *arena;
    nl_diags *diags;
    nl_sources *sources;
    const char *folder;            /* of the file, for load() and `use` */
    nl_model *model;
    nl_scope *top;                 /* of the text that is being read: at last that of the file again */
    nl_scope *whole;               /* of the file */
    const nl_ast *file;
    const char *const *defines;    /* of -D */
    size_t define_count;
    bool *define_used;
    const char *const *sweeps;     /* "NAME=VALUES" of the command line: the whole protocol is run at each point .. */
    size_t sweep_count;
    const char *trials;            /* .. so often; NULL: once */
    nl_ast *batch, *batch_block;   /* that sweep, or NULL, and the block in it that is the protocol */
    bool has_seed;                 /* --seed */
    uint64_t seed;
    const char *const *search_dirs; /* for `use`: -I, NETLANG_PATH, the shipped rules */
    size_t search_dir_count;
    const char *stdlib_dir;        /* of the shipped rules */
    nl_library *library;           /* .. and what is there; NULL: not yet asked for */
    NL_LIST(struct nl_used *) used_files;
    NL_LIST(const nl_ast *) protocol; /* statements from the first one that runs, records, prints .. on, in order;
                                       * with top-level lets among them */
    nl_body_state *body;           /* private to body*.c */
    NL_LIST(const nl_ast *) sets;  /* every SET of the file */
    NL_LIST(nl_symbol *) declared; /* before time starts: values and functions, in the order of their declaration */
    nl_scope *prelude;             /* of the shipped rules: parent of all scopes of files */
    const nl_ast *simulation;      /* its SIMULATION, or NULL */
    int simulation_stage;          /* 0: not yet evaluated, 1: being evaluated, 2: done, its values are in the model */
    nl_span dt_span;               /* where dt is set */
    bool seed_known;
    bool timed;                    /* a statement that moves time or changes a value was met */
    bool network_failed;           /* a population, projection, equation or setting is wrong */
    bool running;                  /* the checks are over */
    bool draws;                    /* figures will be drawn: what they show is kept in memory */
    NL_LIST(const char *) fixed;   /* swept parameters on which sizes, connections .. depend */
    bool fixed_given;              /* one value of them was given by -D: this is a point of a sweep */
    nl_plan *plan;
};

/* Checks a parsed file.  NULL model on errors. */
bool nl_check_file(nl_check *ck, const nl_parsed *parsed);

#endif
