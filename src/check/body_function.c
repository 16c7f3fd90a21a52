/* Functions of the file, inlined where a body calls them. */
#include "body.h"

static nl_dim dim_at(const nl_graph *graph, nl_ref ref) { return nl_graph_node(graph, ref)->dim; }

static nl_ref resolve_block(nl_resolver *rs, const nl_ast *block, int from, bool *returns);

static bool bind_let(nl_resolver *rs, const nl_ast *item)
{
    nl_symbol *symbol = NL_NEW(rs->ck->arena, nl_symbol);
    const nl_ast *expr = nl_ast_kid(item, 1);

    *symbol = (nl_symbol){ .kind = NL_SYM_BODY_LET, .name = item->name, .span = item->span, .slot = -1, .array = -1 };
    if (nl_is_static(rs, expr)) {
        symbol->kind = NL_SYM_VALUE;
        symbol->value = nl_static_value(rs, expr);
    } else {
        symbol->node = nl_resolve(rs, expr);
    }
    NL_PUSH(rs->ck->arena, &rs->scope->symbols, symbol);
    return symbol->kind == NL_SYM_VALUE ? symbol->value.kind != NL_KIND_NONE : symbol->node != 0;
}

static nl_ref resolve_if(nl_resolver *rs, const nl_ast *e, const nl_ast *block, int next, bool *returns);

/* One side of an `if`; where it does not return, the rest of the block does. */
static nl_ref resolve_branch(nl_resolver *rs, nl_ref condition, bool holds, const nl_ast *branch, const nl_ast *block,
                             int next, bool *returns)
{
    nl_resolver sub = nl_resolver_under(rs, condition, holds);

    *returns = false;
    if (branch != NULL && branch->kind == NL_AST_IF) return resolve_if(&sub, branch, block, next, returns);
    sub.scope = nl_scope_new(rs->ck->arena, rs->scope);
    const nl_ref ref = branch != NULL ? resolve_block(&sub, branch, 0, returns) : 0;
    sub.scope = rs->scope;
    return *returns ? ref : resolve_block(&sub, block, next, returns);
}

static nl_ref resolve_if(nl_resolver *rs, const nl_ast *e, const nl_ast *block, int next, bool *returns)
{
    const nl_ast *const asts[] = { e->kids[0], e, e }, *other = nl_ast_kid(e, 2);
    nl_graph *graph = nl_graph_of(rs);
    bool second;
    double known;
    nl_ref args[3] = { nl_resolve_condition(rs, e->kids[0], "`if`") };

    if (args[0] == 0) return *returns = true, 0;
    if (nl_expr_is_const(graph, args[0], &known))
        return resolve_branch(rs, 0, true, known != 0 ? e->kids[1] : other, block, next, returns);
    args[1] = resolve_branch(rs, args[0], true, e->kids[1], block, next, returns);
    args[2] = resolve_branch(rs, args[0], false, other, block, next, &second);
    *returns = *returns && second;
    if (args[1] == 0 || args[2] == 0) return 0;
    if (!nl_dim_equal(dim_at(graph, args[1]), dim_at(graph, args[2]))) {
        nl_diag_add(rs->ck->diags, NL_E_DIMENSION, e->span, "the branches of `if` return %s and %s",
                    nl_dim_text(rs->ck->arena, dim_at(graph, args[1])),
                    nl_dim_text(rs->ck->arena, dim_at(graph, args[2])));
        return 0;
    }
    const nl_dim dim = nl_dim_common(dim_at(graph, args[1]), dim_at(graph, args[2]));
    return nl_unify(rs, asts, args, 3) ? nl_op_node(rs, NL_OP_IF, args, 3, dim) : 0;
}

static nl_ref resolve_block(nl_resolver *rs, const nl_ast *block, int from, bool *returns)
{
    for (int k = from; k < block->kid_count; k++) {
        const nl_ast *statement = block->kids[k];

        if (statement->kind == NL_AST_RETURN) {
            *returns = true;
            return nl_resolve(rs, statement->kids[0]);
        }
        if (statement->kind == NL_AST_IF) return resolve_if(rs, statement, block, k + 1, returns);
        for (int j = 0; statement->kind == NL_AST_LETS && j < statement->kid_count; j++)
            if (!bind_let(rs, statement->kids[j])) {
                *returns = true;
                return 0;
            }
    }
    return 0;
}

static nl_ref function_value(nl_resolver *rs, const nl_ast *call, const nl_ast *function, const nl_ast *body)
{
    bool returns = false;

    if (body->kind != NL_AST_BLOCK) return nl_resolve(rs, body);
    const nl_ref ref = resolve_block(rs, body, 0, &returns);
    if (!returns)
        nl_diag_add(rs->ck->diags, NL_E_ARGUMENT, call->span, "`%s` ends without returning a value", function->name);
    return ref;
}

/* Binds what a call gives to the names of the parameters: nodes, or values of any kind where they are known. */
static bool bind_parameter(nl_resolver *caller, nl_resolver *callee, const nl_ast *param, const nl_ast *arg)
{
    nl_symbol *symbol = NL_NEW(caller->ck->arena, nl_symbol);
    nl_resolver *from = arg != NULL ? caller : callee;

    *symbol = (nl_symbol){ .kind = NL_SYM_BODY_LET, .name = param->name, .span = param->span, .slot = -1, .array = -1 };
    if (arg == NULL) arg = nl_ast_kid(param, 0);
    if (nl_is_static(from, arg)) {
        symbol->kind = NL_SYM_VALUE;
        symbol->value = nl_static_value(from, arg);
    } else {
        symbol->node = nl_resolve(from, arg);
    }
    NL_PUSH(caller->ck->arena, &callee->scope->symbols, symbol);
    if (symbol->node == 0 && symbol->value.kind == NL_KIND_NONE) return false;
    const nl_dim got = symbol->node != 0 ? nl_graph_node(nl_graph_of(caller), symbol->node)->dim : symbol->value.dim;
    return !param->has_unit
           || nl_body_dim_fits(caller->ck, arg->span, param->name, param->unit.dim, "what is given", got);
}

static bool is_recursive(const nl_resolver *rs, const nl_ast *call, const nl_ast *decl)
{
    const nl_call_frame *frame = rs->frame;

    while (frame != NULL && frame->decl != decl) frame = frame->up;
    if (frame != NULL) nl_diag_add(rs->ck->diags, NL_E_RECURSION, call->span, "`%s` calls itself", decl->name);
    return frame != NULL;
}

static const nl_call_frame *enter_frame(const nl_resolver *rs, const nl_ast *decl)
{
    nl_call_frame *frame = NL_NEW(rs->ck->arena, nl_call_frame);

    *frame = (nl_call_frame){ decl, rs->frame };
    return frame;
}

const nl_ast *nl_call_enter(nl_resolver *rs, const nl_ast *call, const nl_symbol *symbol, nl_resolver *inside)
{
    const nl_ast *decl = symbol->decl, *parameters = nl_ast_kid(decl, 0);
    const int count = parameters != NULL ? parameters->kid_count : 0;
    const nl_ast **args = NL_NEW_ARRAY(rs->ck->arena, const nl_ast *, (size_t)count + 1);
    bool done = true;

    *inside = *rs;
    inside->outer = symbol->home; /* it sees what its own file declares */
    inside->scope = nl_scope_new(rs->ck->arena, inside->outer);
    if (symbol->kind == NL_SYM_CONNECTOR) nl_rule_sizes(rs, inside->scope);
    inside->frame = enter_frame(rs, decl);
    if (is_recursive(rs, call, decl)) return NULL;
    if (!nl_bind_parameters(rs->ck, call, decl, args)) return NULL;
    const nl_ast *text = nl_with_names(rs->ck, parameters, args, nl_ast_kid(decl, 1));
    if (text != NULL) parameters = nl_with_names(rs->ck, parameters, args, parameters);
    for (int k = 0; k < count && text != NULL; k++)
        if (!nl_ast_is_name_param(parameters->kids[k]))
            done = bind_parameter(rs, inside, parameters->kids[k], args[k]) && done;
    return done ? text : NULL;
}

nl_ref nl_resolve_function(nl_resolver *rs, const nl_ast *call, const nl_symbol *symbol)
{
    const nl_ast *function = symbol->decl;
    nl_resolver inside;

    const nl_ast *body = nl_call_enter(rs, call, symbol, &inside);
    if (body == NULL) return 0;
    inside.body = NULL;
    inside.env = NULL;
    const nl_ref ref = function_value(&inside, call, function, body);
    if (ref == 0 || !function->has_unit) return ref;
    return nl_body_dim_fits(rs->ck, call->span, function->name, function->unit.dim, "its value",
                            nl_graph_node(nl_graph_of(rs), ref)->dim)
               ? ref
               : 0;
}
