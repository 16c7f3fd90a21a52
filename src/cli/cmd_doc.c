#include "cli.h"
#include "code.h"

#include "base/text.h"
#include "lang/keyword.h"
#include "lang/op.h"
#include "lang/plot.h"
#include "lang/random.h"
#include "lang/scheme.h"
#include "lang/value.h"
#include "syntax/parse.h"

#include <glob.h>
#include <string.h>
#include <strings.h>

enum { LINE_WIDTH = 96 };

/* Something that has a name and a documentation. */
typedef struct entry {
    const char *name, *head, *text, *example; /* head: how it is written; the last two may be NULL */
    const nl_code_info *code;                 /* of a message */
} entry;

typedef struct doc {
    nl_arena *arena;
    NL_LIST(entry) entries; /* section by section */
} doc;

/* A title of the list, and what fills it. */
typedef struct section {
    const char *title;
    void (*fill)(doc *d, int kind);
    int kind;
} section;

static void add(doc *d, const char *name, const char *head, const char *text, const char *example)
{
    const entry e = { name, head, text, example, NULL };

    NL_PUSH(d->arena, &d->entries, e);
}

/* The column `args` shows an operator as it is written, and the arguments alone of a function. */
static bool is_operator(const nl_op_info *op)
{
    return strstr(op->args, op->name) != NULL;
}

static const char *op_head(doc *d, const nl_op_info *op)
{
    return is_operator(op) ? op->args : nl_arena_printf(d->arena, "%s(%s)", op->name, op->args);
}

static void add_ops(doc *d, int operators)
{
    for (int i = 0; i < NL_OP_COUNT; i++)
        if (nl_ops[i].name != NULL && is_operator(&nl_ops[i]) == (bool)operators)
            add(d, nl_ops[i].name, op_head(d, &nl_ops[i]), nl_ops[i].doc, nl_ops[i].example);
}

static void add_functions(doc *d, int kind)
{
    const nl_func_row *row;

    (void)kind;
    for (size_t i = 0; (row = nl_func_get(i)) != NULL; i++) add(d, row->name, row->signature, row->doc, row->example);
}

/* A plot with its options below. */
static void add_plots(doc *d, int kind)
{
    (void)kind;
    for (nl_plot_kind k = 0; k < NL_PLOT_KIND_COUNT; k++) {
        const nl_plot_row *row = &nl_plot_rows[k];
        nl_text text = nl_text_new(d->arena);

        nl_text_addf(&text, "%s\n", row->doc);
        for (nl_plot_option o = 0; o < NL_PLOT_OPTION_COUNT; o++)
            if (nl_plot_option_find(k, nl_plot_options[o].name) == o)
                nl_text_addf(&text, "%-8s  %s\n", nl_plot_options[o].name, nl_plot_options[o].doc);
        add(d, row->name, nl_arena_printf(d->arena, "plot %s(%s)", row->name, row->signature), text.chars, NULL);
    }
}

static void add_distributions(doc *d, int kind)
{
    (void)kind;
    for (int i = 0; i < NL_DIST_COUNT; i++)
        add(d, nl_dists[i].name, nl_arena_printf(d->arena, "%s(%s)", nl_dists[i].name, nl_dists[i].args), nl_dists[i].doc, NULL);
}

static void add_units(doc *d, int kind)
{
    const char *symbol, *text;

    (void)kind;
    for (size_t i = 0; (symbol = nl_unit_row(i, &text)) != NULL; i++) add(d, symbol, symbol, text, NULL);
}

static void add_keywords(doc *d, int kind)
{
    (void)kind;
    for (int i = 0; i < NL_KEYWORD_COUNT; i++) add(d, nl_keywords[i].word, nl_keywords[i].form, NULL, NULL);
}

static void add_codes(doc *d, int kind)
{
    (void)kind;
    for (int i = 0; i < NL_CODE_COUNT; i++) {
        const entry e = { nl_codes[i].code, nl_codes[i].code, nl_codes[i].title, NULL, &nl_codes[i] };

        NL_PUSH(d->arena, &d->entries, e);
    }
}

/* The declaration up to its body. */
static const char *rule_head(doc *d, const nl_source *source, const nl_ast *rule)
{
    const char *text = source->text + (rule->span.begin - source->base);
    size_t length = strcspn(text, "{\n");

    while (length > 0 && text[length - 1] == ' ') length--;
    return nl_arena_strndup(d->arena, text, length);
}

static void add_rules_of_file(doc *d, const char *path, nl_ast_kind kind)
{
    nl_sources *sources = nl_sources_new(d->arena);
    nl_diags *diags = nl_diags_new(d->arena, sources);
    const nl_source *source = nl_sources_read(sources, path);

    if (source == NULL) return;
    const nl_parsed parsed = nl_parse_source(d->arena, diags, source);
    for (int i = 0; i < parsed.file->kid_count; i++) {
        const nl_ast *rule = parsed.file->kids[i];

        if (rule->kind == kind) add(d, rule->name, rule_head(d, source, rule), rule->doc, NULL);
    }
}

static void add_rules(doc *d, int kind)
{
    glob_t files;

    if (glob(nl_arena_printf(d->arena, "%s/*.net", nl_cli_stdlib(d->arena)), 0, NULL, &files) != 0) return;
    for (size_t i = 0; i < files.gl_pathc; i++) add_rules_of_file(d, files.gl_pathv[i], (nl_ast_kind)kind);
    globfree(&files);
}

static void add_schemes(doc *d, int kind)
{
    (void)kind;
    for (int i = NL_RUNGE_KUTTA + 1; i < NL_SCHEME_COUNT; i++) add(d, nl_schemes[i].name, nl_schemes[i].name, nl_schemes[i].doc, NULL);
}

static void add_connection_rules(doc *d, int kind)
{
    static const struct { const char *name, *args, *text; } rules[] = {
#define RULE(id, name, resolve, needed, args, text) { name, args, text },
#include "check/rules.def"
    };

    (void)kind;
    for (size_t i = 0; i < NL_LEN(rules); i++)
        add(d, rules[i].name, rules[i].args[0] != '\0' ? nl_arena_printf(d->arena, "%s(%s)", rules[i].name, rules[i].args) : rules[i].name,
            rules[i].text, NULL);
}

static const section sections[] = {
    { "keywords", add_keywords, 0 },
    { "operators", add_ops, 1 },
    { "elementwise functions", add_ops, 0 },
    { "functions of arrays and signals", add_functions, 0 },
    { "random draws", add_distributions, 0 },
    { "plots", add_plots, 0 },
    { "shipped functions", add_rules, NL_AST_FUNCTION },
    { "connection rules", add_connection_rules, 0 },
    { "methods of integration", add_schemes, 0 },
    { "Runge-Kutta methods, as tableaux in files", add_rules, NL_AST_METHOD },
    { "shipped connectors", add_rules, NL_AST_CONNECTOR },
    { "shipped neurons", add_rules, NL_AST_NEURON },
    { "shipped synapses", add_rules, NL_AST_SYNAPSE },
    { "shipped circuits", add_rules, NL_AST_CIRCUIT },
    { "units", add_units, 0 },
    { "messages", add_codes, 0 },
};

/* The names of a section, each once, in lines. */
static void print_names(const entry *entries, size_t count)
{
    size_t column = 0;

    for (size_t i = 0; i < count; i++) {
        bool again = false;

        for (size_t k = 0; k < i && !again; k++) again = strcmp(entries[k].name, entries[i].name) == 0;
        if (again) continue;
        if (column + strlen(entries[i].name) + 2 > LINE_WIDTH) column = 0;
        column += (size_t)printf("%s%s", column == 0 ? "\n    " : "  ", entries[i].name);
    }
    puts("\n");
}

static void print_list(doc *d)
{
    for (size_t i = 0; i < NL_LEN(sections); i++) {
        const size_t begin = d->entries.count;

        sections[i].fill(d, sections[i].kind);
        if (d->entries.count == begin) continue;
        printf("%s:", sections[i].title);
        print_names(d->entries.items + begin, d->entries.count - begin);
    }
    puts("`netlang doc NAME` describes one of them.");
}

static void print_entry(const entry *e)
{
    if (e->code != NULL) {
        nl_code_print(stdout, e->code);
        return;
    }
    printf("%s\n", e->head);
    for (const char *line = e->text; line != NULL && *line != '\0';) {
        const size_t length = strcspn(line, "\n");

        printf("    %.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
    if (e->example != NULL) printf("    Example: %s\n", e->example);
}

static bool complain_unknown(doc *d, const char *name)
{
    const char **names = NL_NEW_ARRAY(d->arena, const char *, d->entries.count);

    for (size_t i = 0; i < d->entries.count; i++) names[i] = d->entries.items[i].name;
    const char *closest = nl_suggest(name, names, d->entries.count);
    if (closest != NULL) nl_cli_complain("nothing is named `%s`; did you mean `%s`?", name, closest);
    else nl_cli_complain("nothing is named `%s`; `netlang doc` lists all names", name);
    return false;
}

static bool print_name(doc *d, const char *name)
{
    bool found = false;

    for (size_t i = 0; i < d->entries.count; i++) {
        if (strcasecmp(d->entries.items[i].name, name) != 0) continue;
        if (d->entries.items[i].code == NULL && strcmp(d->entries.items[i].name, name) != 0) continue;
        if (found) putchar('\n');
        print_entry(&d->entries.items[i]);
        found = true;
    }
    return found || complain_unknown(d, name);
}

nl_status nl_command_doc(nl_cli *cli)
{
    doc d = { .arena = cli->arena };
    bool all_found = true;

    if (cli->files.count == 0) {
        print_list(&d);
        return NL_OK;
    }
    for (size_t i = 0; i < NL_LEN(sections); i++) sections[i].fill(&d, sections[i].kind);
    for (size_t i = 0; i < cli->files.count; i++) {
        if (i > 0) putchar('\n');
        if (!print_name(&d, cli->files.items[i])) all_found = false;
    }
    return all_found ? NL_OK : NL_USAGE_WRONG;
}
