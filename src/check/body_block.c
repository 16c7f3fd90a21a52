/* `every step`, `every T` and `at T`: when they run. */
#include "body.h"
#include "plan.h"

#include <math.h>
#include <string.h>

/* Without dt, which is an error of its own, times cannot be counted in steps. */
static bool whole_interval(nl_resolver *rs, const nl_ast *expr, const nl_block *block)
{
    nl_check *ck = rs->ck;

    if (ck->model->dt <= 0) return true;
    if (block->period < ck->model->dt / 2) {
        nl_diag *diag =
            nl_diag_add(ck->diags, NL_E_BODY_STATEMENT, expr->span, "the interval is shorter than one step");
        nl_diag_help(ck->diags, diag, "`every step { }` runs in each step");
        return false;
    }
    nl_plan_steps(ck, ck->arena, expr->span, block->period, "an interval");
    return true;
}

static bool whole_time(nl_resolver *rs, const nl_ast *expr, double time, const char *what)
{
    const nl_model *model = rs->ck->model;

    if (!isfinite(time)) {
        nl_diag_add(rs->ck->diags, NL_E_BODY_STATEMENT, expr->span, "%s must be a finite time", what);
        return false;
    }
    if (model->dt > 0) nl_plan_steps(rs->ck, rs->ck->arena, expr->span, time - model->start, "a time");
    return true;
}

/* Blocks run where a step ends. */
static bool moment(nl_resolver *rs, const nl_ast *expr, nl_dim dim, double time)
{
    nl_check *ck = rs->ck;

    if (!whole_time(rs, expr, time, "the argument of `at`")) return false;
    if (ck->model->dt > 0 && round((time - ck->model->start) / ck->model->dt) < 1)
        nl_diag_add(ck->diags, NL_W_BLOCK_NEVER, expr->span,
                    "nothing happens at %s: the first step ends one dt after the start",
                    nl_value_show(ck->arena, nl_value_number(ck->arena, time, dim), NULL));
    return true;
}

static bool every(nl_resolver *rs, const nl_ast *statement, nl_block *block)
{
    nl_evaluator ev = nl_evaluator_of(rs);
    const nl_dim time = nl_check_time_dim(rs->ck);
    const nl_ast *from = nl_ast_kid(statement, 1);

    block->kind = NL_BLOCK_EVERY;
    block->from = rs->ck->model->start;
    if (!nl_eval_number(&ev, statement->kids[0], time, "the interval of `every`", &block->period)) return false;
    if (from != NULL && !nl_eval_number(&ev, from, time, "the start of `every`", &block->from)) return false;
    if (!(block->period > 0 && isfinite(block->period))) {
        nl_diag_add(rs->ck->diags, NL_E_BODY_STATEMENT, statement->kids[0]->span,
                    "the interval of `every` must be above 0 and finite");
        return false;
    }
    return whole_interval(rs, statement->kids[0], block)
           && (from == NULL || whole_time(rs, from, block->from, "the start of `every`"));
}

static bool at(nl_resolver *rs, const nl_ast *statement, nl_block *block)
{
    nl_evaluator ev = nl_evaluator_of(rs);
    const nl_value times = nl_eval(&ev, statement->kids[0]);

    block->kind = NL_BLOCK_AT;
    if (times.kind == NL_KIND_NONE) return false;
    if (times.kind != NL_KIND_NUMBER || times.rank > 1 || !nl_value_known(times)) {
        nl_diag_add(rs->ck->diags, NL_E_VALUE_KIND, statement->kids[0]->span, "`at` takes a time or a list of times");
        return false;
    }
    if (!nl_dim_equal(times.dim, nl_check_time_dim(rs->ck))) {
        nl_diag_add(rs->ck->diags, NL_E_DIMENSION, statement->kids[0]->span, "`at` takes a time, not %s",
                    nl_dim_text(rs->ck->arena, times.dim));
        return false;
    }
    for (size_t k = 0; k < nl_value_count(times); k++) {
        if (!moment(rs, statement->kids[0], times.dim, times.data[k])) return false;
        NL_PUSH(rs->ck->arena, &block->times, times.data[k]);
    }
    return true;
}

void nl_body_block(nl_body *body, const nl_ast *statement)
{
    nl_block block = { .kind = NL_BLOCK_EVERY_STEP,
                       .population = body->is_projection ? UINT32_MAX : body->number,
                       .projection = body->is_projection ? body->number : UINT32_MAX,
                       .span = statement->span };
    nl_resolver rs = nl_resolver_of(body, NL_IN_BOUND, "every");

    if (statement->kind == NL_AST_EVERY && !every(&rs, statement, &block)) return;
    if (statement->kind == NL_AST_AT && !at(&rs, statement, &block)) return;
    const nl_env env = nl_body_write(body, NL_IN_BLOCK, statement->kids[statement->kid_count - 1]);
    for (size_t k = 0; k < env.assigns.count; k++) NL_PUSH(body->ck->arena, &block.assigns, env.assigns.items[k]);
    NL_PUSH(body->ck->arena, &body->ck->model->blocks, block);
}
