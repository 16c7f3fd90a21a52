/* The page of `run --report`: one HTML file that needs nothing else, with the model, what it did and what came out. */
#include "run_impl.h"

#include "base/text.h"
#include "net/conn.h"
#include "syntax/mark.h"
#include "syntax/print.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

typedef struct expectation {
    const char *text;
    size_t line;
    bool holds;
} expectation;

struct nl_page {
    FILE *file;
    const char *part; /* its name until it is complete */
    NL_LIST(const char *) lines, figures;
    NL_LIST(expectation) expectations;
};

/* --- while the protocol runs --- */

bool nl_page_open(nl_session *s)
{
    const char *path = s->options.report;

    if (path == NULL) return true;
    s->page = NL_NEW(s->arena, nl_page);
    s->page->file = nl_part_create(s->arena, path, &s->page->part);
    if (s->page->file != NULL) return true;
    s->page = NULL;
    nl_diag_add(s->diags, NL_E_OUTPUT, (nl_span){ 0, 0 }, "cannot write `%s`: %s", path, strerror(errno));
    return nl_session_failed(s, NL_RUN_FAILED);
}

void nl_page_line(nl_session *s, const char *line)
{
    if (s->page != NULL) NL_PUSH(s->arena, &s->page->lines, nl_arena_strdup(s->arena, line));
}

void nl_page_figure(nl_session *s, nl_figure *figure, nl_span span)
{
    const char *why = NULL;
    const char *svg = nl_figure_svg(figure, nl_arena_printf(s->arena, "f%zu-", s->page->figures.count), &why);

    if (svg != NULL) NL_PUSH(s->arena, &s->page->figures, nl_arena_strdup(s->arena, svg));
    else nl_figures_warn(s, span, "this figure is not on the page", why);
}

void nl_page_expectation(nl_session *s, const nl_ast *stmt, bool holds)
{
    const nl_pos at = nl_sources_locate(s->sources, stmt->span.begin);

    if (s->page == NULL || s->lane->outcome != NULL) return;
    const expectation e = { nl_print_expression(s->arena, stmt->kids[0]), at.line, holds };
    NL_PUSH(s->arena, &s->page->expectations, e);
}

/* --- text --- */

static void escape(FILE *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        switch (text[i]) {
        case '&': fputs("&amp;", out); break;
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '"': fputs("&quot;", out); break;
        default: putc(text[i], out);
        }
    }
}

static void write_text(FILE *out, const char *text) { escape(out, text, strlen(text)); }

static void write_cell(FILE *out, const char *tag, const char *text)
{
    fprintf(out, "<%s>", tag);
    write_text(out, text);
    fprintf(out, "</%.2s>", tag);
}

static const char style[] =
    "body{margin:0 auto;max-width:64rem;padding:1rem 1.25rem 4rem;font:16px/1.5 "
    "system-ui,sans-serif;color:#1b1b1b;background:#fff}"
    "h1{font-size:1.7rem;margin:1.5rem 0 .3rem}h2{font-size:1.15rem;margin:2.2rem 0 .6rem;border-bottom:1px solid "
    "#d8d8d8}"
    "p{margin:.4rem 0}.facts{color:#555}.wide{overflow-x:auto}"
    "pre{font:13px/1.45 ui-monospace,monospace;background:#f6f6f4;padding:.9rem 1rem;margin:0;overflow-x:auto}"
    "table{border-collapse:collapse;font-size:.92rem}td,th{text-align:left;padding:.18rem 1.4rem .18rem "
    "0;vertical-align:top}"
    "th{font-weight:600;border-bottom:1px solid #d8d8d8}td.n{text-align:right;font-variant-numeric:tabular-nums}"
    "svg{display:block;max-width:100%;height:auto;margin:.6rem 0}code{font:.92em ui-monospace,monospace}"
    "@media(max-width:40rem){svg{max-width:none}}"
    ".ok{color:#00704d}.failed{color:#b03a00;font-weight:600}"
    ".k{color:#00558a;font-weight:600}.u{color:#8a4b00}.s{color:#00704d}.c{color:#757575;font-style:italic}";

/* --- sections --- */

static void write_head(nl_session *s, FILE *out)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><link rel=\"icon\" "
          "href=\"data:,\"><title>",
          out);
    write_text(out, nl_path_file(s->parsed.source->name));
    fprintf(out, "</title><style>%s</style></head><body>\n<h1>", style);
    write_text(out, nl_path_file(s->parsed.source->name));
    fputs("</h1>\n", out);
    if (s->parsed.file->doc == NULL) return;
    fputs("<p>", out);
    write_text(out, s->parsed.file->doc);
    fputs("</p>\n", out);
}

static const char *outcome(const nl_session *s)
{
    switch (s->status) {
    case NL_OK: return "<span class=\"ok\">all expectations met</span>";
    case NL_EXPECTATION_FAILED: return "<span class=\"failed\">an expectation failed</span>";
    case NL_INTERRUPTED: return "<span class=\"failed\">interrupted</span>";
    default: return "<span class=\"failed\">the run failed</span>";
    }
}

static void write_facts(nl_session *s, FILE *out)
{
    const nl_model *model = s->check.model;
    const nl_value dt = nl_value_number(s->arena, model->dt, nl_check_time_dim(&s->check));
    const bool nothing = s->status == NL_OK && s->counts.expectations == 0;

    fprintf(out, "<p class=\"facts\">%s &middot; ", nothing ? "done" : outcome(s));
    if (model->dt > 0) {
        fprintf(out, "dt %s &middot; ", nl_value_show(s->arena, dt, NULL));
        if (model->method != NULL) fprintf(out, "%s &middot; ", model->method);
    }
    fprintf(out, "seed %llu &middot; netlang %s", (unsigned long long)model->seed, netlang_version());
    if (s->steps_done > 0)
        fprintf(out, " &middot; %s steps in %.3g s", nl_report_count(s, (double)s->steps_done), s->seconds);
    fputs("</p>\n", out);
}

static void write_figures(nl_session *s, FILE *out)
{
    if (s->page->figures.count > 0) fputs("<h2>Figures</h2>\n", out);
    for (size_t i = 0; i < s->page->figures.count; i++)
        fprintf(out, "<figure class=\"wide\" style=\"margin:0\">%s</figure>\n", s->page->figures.items[i]);
}

static void write_lines(nl_session *s, FILE *out)
{
    if (s->page->lines.count == 0) return;
    fputs("<h2>Output</h2>\n<pre>", out);
    for (size_t i = 0; i < s->page->lines.count; i++) {
        write_text(out, s->page->lines.items[i]);
        putc('\n', out);
    }
    fputs("</pre>\n", out);
}

static void write_expectations(nl_session *s, FILE *out)
{
    if (s->page->expectations.count == 0) return;
    fputs("<h2>Expectations</h2>\n<div class=\"wide\"><table><tr><th>line</th><th></th><th>condition</th></tr>\n", out);
    for (size_t i = 0; i < s->page->expectations.count; i++) {
        const expectation *e = &s->page->expectations.items[i];

        fprintf(out, "<tr><td class=\"n\">%zu</td><td class=\"%s</td><td><code>", e->line,
                e->holds ? "ok\">met" : "failed\">failed");
        write_text(out, e->text);
        fputs("</code></td></tr>\n", out);
    }
    fputs("</table></div>\n", out);
}

enum { SHOWN = 8 }; /* longer arrays are told by their shape */

static const char *value_text(nl_session *s, nl_value value)
{
    const bool is_long = value.kind != NL_KIND_TEXT && value.kind != NL_KIND_LIST && nl_value_count(value) > SHOWN;
    return is_long ? nl_value_shape_text(s->arena, value) : nl_value_show(s->arena, value, NULL);
}

static bool is_listed(const nl_symbol *symbol, bool params)
{
    const nl_value value = symbol->value;
    const bool is_array = value.kind == NL_KIND_NUMBER || value.kind == NL_KIND_BOOL;

    if (symbol->kind != NL_SYM_VALUE || symbol->is_param != params || !nl_value_known(value)) return false;
    return params || value.kind == NL_KIND_TEXT || (is_array && value.rank <= 1 && nl_value_count(value) <= SHOWN);
}

/* Parameters as they were in the end; or the other named values that are short. */
static void write_values(nl_session *s, FILE *out, const char *title, bool params)
{
    bool any = false;

    for (size_t i = 0; i < s->check.top->symbols.count; i++) {
        const nl_symbol *symbol = s->check.top->symbols.items[i];

        if (!is_listed(symbol, params)) continue;
        if (!any) fprintf(out, "<h2>%s</h2>\n<div class=\"wide\"><table>\n", title);
        any = true;
        fputs("<tr>", out);
        write_cell(out, "td", symbol->name);
        write_cell(out, "td", value_text(s, symbol->value));
        write_cell(out, "td", symbol->doc != NULL ? symbol->doc : "");
        fputs("</tr>\n", out);
    }
    if (any) fputs("</table></div>\n", out);
}

static void write_row(nl_session *s, FILE *out, const char *name, const char *what, double count)
{
    fputs("<tr>", out);
    write_cell(out, "td", name);
    write_cell(out, "td", what);
    write_cell(out, "td class=\"n\"", nl_report_count(s, count));
    fputs("</tr>\n", out);
}

static void write_network(nl_session *s, FILE *out)
{
    const nl_model *model = s->check.model;

    if (model->populations.count == 0) return;
    fputs("<h2>Network</h2>\n<div class=\"wide\"><table>\n", out);
    for (size_t i = 0; i < model->populations.count; i++) {
        const nl_population *p = &model->populations.items[i];
        write_row(s, out, p->name[0] != '\0' ? p->name : "(top level)", "population", (double)p->count);
    }
    for (size_t i = 0; s->lane->sim != NULL && i < model->projections.count; i++) {
        const nl_conn *conn = nl_sim_conn(s->lane->sim, (uint32_t)i);
        if (conn != NULL) write_row(s, out, model->projections.items[i].name, "synapses", (double)conn->synapse_count);
    }
    fputs("</table></div>\n", out);
}

static void write_messages(nl_session *s, FILE *out)
{
    const size_t count = nl_diags_count(s->diags);

    if (count == 0) return;
    fputs("<h2>Messages</h2>\n<pre>", out);
    for (size_t i = 0; i < count; i++) {
        const nl_diag *diag = nl_diags_get(s->diags, i);
        const nl_pos at = nl_sources_locate(s->sources, diag->span.begin);

        if (at.source != NULL) fprintf(out, "line %zu: ", at.line);
        fprintf(out, "%s %s: ", nl_codes[diag->code].severity == NL_ERROR ? "error" : "warning",
                nl_codes[diag->code].code);
        write_text(out, diag->text);
        putc('\n', out);
    }
    fputs("</pre>\n", out);
}

static void write_model(nl_session *s, FILE *out)
{
    static const char classes[] = {
        [NL_MARK_KEYWORD] = 'k', [NL_MARK_NUMBER] = 'u', [NL_MARK_STRING] = 's', [NL_MARK_COMMENT] = 'c'
    };
    const nl_source *source = s->parsed.source;
    size_t count, at = 0;
    const nl_mark *marks = nl_mark_source(s->arena, source, &count);

    fputs("<h2>Model</h2>\n<pre>", out);
    for (size_t i = 0; i < count; i++) {
        const size_t begin = marks[i].span.begin - source->base, end = marks[i].span.end - source->base;

        if (begin < at) continue;
        escape(out, source->text + at, begin - at);
        fprintf(out, "<span class=\"%c\">", classes[marks[i].kind]);
        escape(out, source->text + begin, end - begin);
        fputs("</span>", out);
        at = end;
    }
    escape(out, source->text + at, source->length - at);
    fputs("</pre>\n", out);
}

static void write_page(nl_session *s, FILE *out)
{
    write_head(s, out);
    write_facts(s, out);
    write_figures(s, out);
    write_lines(s, out);
    write_expectations(s, out);
    write_values(s, out, "Values", false);
    write_values(s, out, "Parameters", true);
    write_network(s, out);
    write_messages(s, out);
    write_model(s, out);
    fputs("</body></html>\n", out);
}

void nl_page_close(nl_session *s)
{
    nl_page *page = s->page;

    if (page == NULL) return;
    if (s->status == NL_MODEL_WRONG) { /* leaves nothing */
        fclose(page->file);
        unlink(page->part);
        return;
    }
    (void)nl_session_evaluator(s, NULL); /* what was collected becomes the value of its name */
    write_page(s, page->file);
    const bool written = ferror(page->file) == 0;
    if (fclose(page->file) == 0 && written && rename(page->part, s->options.report) == 0) return;
    nl_diag_add(s->diags, NL_R_SINK, (nl_span){ 0, 0 }, "cannot write `%s`: %s", s->options.report, strerror(errno));
    unlink(page->part);
    nl_session_failed(s, NL_RUN_FAILED);
}
