#include "cli.h"
#include "code.h"
#include "doc_rule.h"

#include "base/text.h"
#include "check/use.h"
#include "lang/keyword.h"
#include "lang/op.h"
#include "lang/plot.h"
#include "lang/random.h"
#include "lang/scheme.h"
#include "lang/value.h"

#include <errno.h>
#include <glob.h>
#include <string.h>
#include <strings.h>

enum { LINE_WIDTH = 96 };

/* Something that has a name and a documentation. */
typedef struct entry {
    const char *name, *head, *text, *example; /* head: how it is written; the last two may be NULL */
    const nl_code_info *code;                 /* of a message */
    const nl_ast *rule;                       /* in a file .. */
    const nl_parsed *file;
} entry;

typedef struct doc {
    nl_cli *cli;
    nl_arena *arena;
    NL_LIST(entry) entries; /* section by section */
} doc;

/* A title of the list, and what fills it. */
typedef struct section {
    const char *title;
    void (*fill)(doc *d, int kind);
    int kind;
    bool names_only; /* many, or known to all */
} section;

static void add(doc *d, const char *name, const char *head, const char *text, const char *example)
{
    const entry e = { .name = name, .head = head, .text = text, .example = example };

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
        add(d, nl_dists[i].name, nl_arena_printf(d->arena, "%s(%s)", nl_dists[i].name, nl_dists[i].args),
            nl_dists[i].doc, NULL);
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
        const entry e = {
            .name = nl_codes[i].code, .head = nl_codes[i].code, .text = nl_codes[i].title, .code = &nl_codes[i]
        };

        NL_PUSH(d->arena, &d->entries, e);
    }
}

static const nl_parsed *read_file(doc *d, const char *path)
{
    nl_sources *sources = nl_sources_new(d->arena);
    nl_diags *diags = nl_diags_new(d->arena, sources);
    const nl_source *source = nl_sources_read(sources, path);
    nl_parsed *parsed = NL_NEW(d->arena, nl_parsed);

    if (source == NULL) return NULL;
    *parsed = nl_parse_source(d->arena, diags, source);
    return parsed;
}

static void add_rule(doc *d, const nl_parsed *file, const nl_ast *rule)
{
    const entry e = {
        .name = rule->name, .head = rule->name, .text = nl_doc_rule_text(file, rule), .rule = rule, .file = file
    };

    NL_PUSH(d->arena, &d->entries, e);
}

/* A folder of the library: what its files are named after. */
static void add_folder(doc *d, int number)
{
    const nl_library_folder *folder = &nl_library_folders[number];
    glob_t files;

    if (glob(nl_arena_printf(d->arena, "%s/%s/*.net", nl_cli_stdlib(d->arena), folder->name), 0, NULL, &files) != 0)
        return;
    for (size_t i = 0; i < files.gl_pathc; i++) {
        const nl_parsed *file = read_file(d, files.gl_pathv[i]);
        for (int k = 0; file != NULL && k < file->file->kid_count; k++)
            if (file->file->kids[k]->kind == folder->rule && nl_doc_is_rule(file->file->kids[k]))
                add_rule(d, file, file->file->kids[k]);
    }
    globfree(&files);
}

static void add_schemes(doc *d, int kind)
{
    (void)kind;
    for (int i = NL_RUNGE_KUTTA + 1; i < NL_SCHEME_COUNT; i++)
        add(d, nl_schemes[i].name, nl_schemes[i].name, nl_schemes[i].doc, NULL);
}

static void add_connection_rules(doc *d, int kind)
{
    static const struct { const char *name, *args, *text; } rules[] = {
#define RULE(id, name, resolve, needed, args, text) { name, args, text },
#include "check/rules.def"
    };

    (void)kind;
    for (size_t i = 0; i < NL_LEN(rules); i++)
        add(d, rules[i].name,
            rules[i].args[0] != '\0' ? nl_arena_printf(d->arena, "%s(%s)", rules[i].name, rules[i].args)
                                     : rules[i].name,
            rules[i].text, NULL);
}

static const section sections[] = {
    { "keywords", add_keywords, 0, true },
    { "operators", add_ops, 1, true },
    { "elementwise functions", add_ops, 0, false },
    { "functions of arrays and signals", add_functions, 0, false },
    { "random draws", add_distributions, 0, false },
    { "plots", add_plots, 0, false },
    { "connection rules", add_connection_rules, 0, false },
    { "methods of integration", add_schemes, 0, false },
    { "methods as tableaux", add_folder, 6, false },
    { "neurons", add_folder, 0, false },
    { "synapses", add_folder, 1, false },
    { "plasticity", add_folder, 2, false },
    { "connectors", add_folder, 3, false },
    { "stimuli", add_folder, 4, false },
    { "functions", add_folder, 5, false },
    { "circuits", add_folder, 7, false },
    { "units", add_units, 0, true },
    { "messages", add_codes, 0, true },
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

/* The first sentence or line. */
static int summary_length(const char *text)
{
    const char *stop = strstr(text, ". "), *end = text + strcspn(text, "\n");

    return (int)((stop != NULL && stop < end ? stop + 1 : end) - text);
}

static void print_summary(const entry *e)
{
    enum { NAME_WIDTH = 20 };
    const char *text = e->text != NULL ? e->text : "";
    const int room = LINE_WIDTH - NAME_WIDTH - 6, length = summary_length(text);

    printf("    %-*s  %.*s%s\n", NAME_WIDTH, e->name, length > room ? room : length, text, length > room ? ".." : "");
}

static void print_section(const section *s, const entry *entries, size_t count)
{
    printf("%s:", s->title);
    if (s->names_only) {
        print_names(entries, count);
        return;
    }
    putchar('\n');
    for (size_t i = 0; i < count; i++) print_summary(&entries[i]);
    putchar('\n');
}

static void print_list(doc *d)
{
    for (size_t i = 0; i < NL_LEN(sections); i++) {
        const size_t begin = d->entries.count;

        sections[i].fill(d, sections[i].kind);
        if (d->entries.count > begin) print_section(&sections[i], d->entries.items + begin, d->entries.count - begin);
    }
    puts("`netlang doc NAME` describes one of them, `netlang doc WORD` lists what speaks of a word,\n"
         "`netlang doc FILE` the rules of a file.");
}

static void print_entry(const doc *d, const entry *e)
{
    if (e->code != NULL) {
        nl_code_print(stdout, e->code);
        return;
    }
    if (e->rule != NULL) {
        nl_doc_rule_print(stdout, d->cli, e->file, e->rule);
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

static bool speaks_of(const entry *e, const char *word)
{
    return strcasestr(e->name, word) != NULL || (e->text != NULL && strcasestr(e->text, word) != NULL);
}

static bool search(doc *d, const char *word)
{
    bool found = false;

    for (size_t i = 0; i < d->entries.count; i++) {
        if (!speaks_of(&d->entries.items[i], word)) continue;
        print_summary(&d->entries.items[i]);
        found = true;
    }
    return found || complain_unknown(d, word);
}

static bool has_name(const entry *e, const char *name)
{
    return (e->code != NULL ? strcasecmp : strcmp)(e->name, name) == 0;
}

static bool print_name(doc *d, const char *name)
{
    bool found = false;

    for (size_t i = 0; i < d->entries.count; i++) {
        if (!has_name(&d->entries.items[i], name)) continue;
        if (found) putchar('\n');
        print_entry(d, &d->entries.items[i]);
        found = true;
    }
    return found || search(d, name);
}

/* The rules of a file of one's own. */
static bool print_file(doc *d, const char *path)
{
    const nl_parsed *file = read_file(d, path);
    bool any = false;

    if (file == NULL) {
        nl_cli_complain("cannot read %s: %s", path, strerror(errno));
        return false;
    }
    for (int k = 0; k < file->file->kid_count; k++) {
        if (!nl_doc_is_rule(file->file->kids[k])) continue;
        if (any) putchar('\n');
        nl_doc_rule_print(stdout, d->cli, file, file->file->kids[k]);
        any = true;
    }
    if (!any) nl_cli_complain("there are no rules in %s", path);
    return any;
}

static bool is_file(const char *word)
{
    const char *dot = strrchr(word, '.');

    return dot != NULL && strcmp(dot, ".net") == 0;
}

nl_status nl_command_doc(nl_cli *cli)
{
    doc d = { .cli = cli, .arena = cli->arena };
    bool all_found = true;

    if (cli->files.count == 0) {
        print_list(&d);
        return NL_OK;
    }
    for (size_t i = 0; i < NL_LEN(sections); i++) sections[i].fill(&d, sections[i].kind);
    for (size_t i = 0; i < cli->files.count; i++) {
        const char *word = cli->files.items[i];

        if (i > 0) putchar('\n');
        if (!(is_file(word) ? print_file : print_name)(&d, word)) all_found = false;
    }
    return all_found ? NL_OK : NL_USAGE_WRONG;
}
