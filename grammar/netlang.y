/* Tokens to tree.  The layout (syntax/layout.c) stands before this: it has decided where statements end, which words
 * are keywords and which are units.  The grammar accepts a little more than the language: what may stand where is
 * checked on the tree (syntax/build.c, syntax/place.c), where the sentence can say more. */

%require "3.6"
%define api.pure full
%define api.prefix {nl_yy}
%define api.token.prefix {NL_T_}
%define api.location.type {nl_span}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%param { nl_parser *p }

%code requires {
#include "syntax/parser.h"
}

%union {
    const nl_token *token;
    nl_ast *node;
    nl_asts *list;
    nl_mods *mods;
    nl_unit_written unit;
    double number;
}

%code {
#include "syntax/build.h"

#define YYLLOC_DEFAULT(present, rhs, count)                                                    \
    ((present) = (count) > 0 ? (nl_span){ YYRHSLOC(rhs, 1).begin, YYRHSLOC(rhs, count).end }   \
                             : (nl_span){ YYRHSLOC(rhs, 0).end, YYRHSLOC(rhs, 0).end })

/* A node of the given kids; NAMED takes its name and the name's place from a token. */
#define KIDS(...) (nl_ast *[]){ __VA_ARGS__ }, (int)(sizeof((nl_ast *[]){ __VA_ARGS__ }) / sizeof(nl_ast *))
#define NODE(kind, at, ...) nl_build_node(p, NL_AST_##kind, at, KIDS(__VA_ARGS__))
#define NAMED(kind, at, token, ...) nl_build_named(p, NL_AST_##kind, at, token, KIDS(__VA_ARGS__))
#define MANY(kind, at, list) nl_build_list(p, NL_AST_##kind, at, list)
#define LIST(at, list) MANY(LIST, at, list)

static int yylex(YYSTYPE *value, YYLTYPE *where, nl_parser *p);
static void yyerror(const YYLTYPE *where, nl_parser *p, const char *text);
}

%token END 0 "end of the file" TERM "end of the statement"
%token START_FILE START_EXPRESSION
%token <token> ID "name" NUMBER "number" QUANTITY "quantity" UNIT "unit" STRING "string"
%token <token> STR_HEAD "beginning of a string" STR_MID "middle of a string" STR_TAIL "end of a string"
%token <token> FMTSPEC "format"
%token <token> PRIME "'" AUG "+=" ARROW "->" RANGE ".." EQ "==" NE "!=" LE "<=" GE ">="
%token <token> '=' '<' '>' '+' '-' '*' '/' '^' '@' '(' ')' '[' ']' '{' '}' ',' ':' '.'

  /* reserved */
%token <token> AND "and" OR "or" NOT "not" DIV "div" MOD "mod" IF "if" THEN "then" ELSE "else" IN "in" RETURN "return"

  /* first words of statements; some stand behind an operand, too */
%token <token> PARAM "param" LET "let" SOLVE "solve" FUNCTION "function" POPULATION "population"
%token <token> PROJECTION "projection" NEURON "neuron" SYNAPSE "synapse" CONNECTOR "connector" METHOD "method"
%token <token> CIRCUIT "circuit" USE "use" FOR "for" STATE "state" INPUT "input" NEXT "next" EVERY "every" AT "at"
%token <token> OVERRIDE "override" HISTORY "history" SPIKE "spike" REFRACTORY "refractory" EVENT "event" WHEN "when"
%token <token> ON "on" DELAY "delay"
%token <token> DENDRITIC_DELAY "dendritic_delay" SIMULATION "simulation" RECORD "record" RUN "run" SET "set"
%token <token> RESET "reset" SNAPSHOT "snapshot" RESTORE "restore" SWEEP "sweep" TRIALS "trials" COLLECT "collect"
%token <token> PRINT "print" EXPECT "expect" FIGURE "figure" PLOT "plot" KEEP "keep"

  /* behind an operand, or second of a pair */
%token <token> VIA "via" USING "using" NO "no" SELF "self" EXCLUDING "excluding" AS "as" FROM "from" SELECT "select"
%token <token> HOLDING "holding" DECAYS "decays" CROSSES "crosses" ABOVE "above" BELOW "below" WITHIN "within" OF "of"
%token <token> COLUMNS "columns" UNTIL "until" WHILE "while" MOST "most"

%precedence ELSE
%left OR
%left AND
%precedence NOT
%left EQ NE '<' LE '>' GE CROSSES WITHIN
%nonassoc RANGE
%left '+' '-'
%left '*' '/' DIV MOD '@'
%precedence NEG
%right '^'

%type <node> block block_opt stmt decl else_opt from_opt init_opt select_opt holding_opt delay_opt most_opt message_opt
%type <node> columns_opt item name path param binding expr atom array ref arg index bound string insert
%type <list> file stmts items tails ids paths pair params params_opt param_list timing_opt series bindings names exprs
%type <list> args indices inserts
%type <mods> mods
%type <unit> unit unit_opt unit_product unit_power unit_atom
%type <number> unit_exponent

%%

start: START_FILE file                         { p->result = MANY(BLOCK, @2, $2); }
     | START_EXPRESSION expr TERM              { p->result = $2; }
     ;
file: %empty                                   { $$ = nl_asts_new(p); }
    | file stmt TERM                           { $$ = nl_build_file_statement(p, $1, $2); }
    | file error TERM                          { $$ = $1; yyerrok; }
    ;
stmts: %empty                                  { $$ = nl_asts_new(p); }
     | stmts stmt TERM                         { $$ = nl_asts_add(p, $1, $2); }
     | stmts error TERM                        { $$ = $1; yyerrok; }
     ;
block: '{' stmts '}'                           { $$ = MANY(BLOCK, @$, $2); }
     ;
block_opt: %empty                              { $$ = NULL; }
         | block
         ;

stmt: decl
    | expr '=' expr                            { $$ = nl_build_assignment(p, @$, $1, $2, $3); }
    | expr AUG expr                            { $$ = nl_build_assignment(p, @$, $1, $2, $3); }
    | expr                                     { $$ = nl_build_thrown_away(p, $1); }
    | NEXT ref '=' expr                        { $$ = nl_build_change(p, NL_AST_NEXT, @$, $2, $4); }
    | HISTORY ref '=' expr                     { $$ = nl_build_change(p, NL_AST_HISTORY, @$, $2, $4); }
    | IF expr block else_opt                   { $$ = NODE(IF, @$, $2, $3, $4); }
    | FOR ID IN expr block                     { $$ = NAMED(FOR, @$, $2, $4, $5); }
    | RETURN expr                              { $$ = NODE(RETURN, @$, $2); }
    | EVERY expr from_opt block                { $$ = nl_build_every(p, @$, $2, $3, $4); }
    | AT expr block                            { $$ = NODE(AT, @$, $2, $3); }
    | SPIKE WHEN expr select_opt block_opt     { $$ = NODE(SPIKE_WHEN, @$, $3, $4, $5); }
    | SPIKE AT expr block_opt                  { $$ = NODE(SPIKE_AT, @$, $3, NULL, $4); }
    | SPIKE AT pair block_opt                  { $$ = NODE(SPIKE_AT, @$, $3->items[0], $3->items[1], $4); }
    | EVENT ID WHEN expr select_opt block_opt  { $$ = NAMED(EVENT, @$, $2, $4, $5, $6); }
    | WHEN expr select_opt block               { $$ = NODE(WHEN, @$, $2, $3, $4); }
    | REFRACTORY expr holding_opt              { $$ = NODE(REFRACTORY, @$, $2, $3); }
    | REFRACTORY WHILE expr holding_opt        { $$ = NODE(REFRACTORY_WHILE, @$, $3, $4); }
    | ON ref delay_opt block                   { $$ = NODE(ON, @$, nl_build_event_name(p, $2), $3, $4); }
    | DELAY expr                               { $$ = NODE(DELAY, @$, $2); }
    | DENDRITIC_DELAY expr                     { $$ = NODE(DENDRITIC_DELAY, @$, $2); }
    | OVERRIDE stmt                            { $$ = NODE(OVERRIDE, @$, $2); }
    | SIMULATION block                         { $$ = NODE(SIMULATION, @$, $2); }
    | RECORD series timing_opt                 { $$ = nl_build_record(p, @$, $2, $3); }
    | RUN expr                                 { $$ = NODE(RUN, @$, $2); }
    | RUN UNTIL expr most_opt                  { $$ = NODE(RUN_UNTIL, @$, $3, $4); }
    | SET ref '=' expr                         { $$ = nl_build_change(p, NL_AST_SET, @$, $2, $4); }
    | RESET                                    { $$ = NODE(RESET, @$, NULL); }
    | RESET ref                                { $$ = NODE(RESET, @$, $2); }
    | SNAPSHOT ID                              { $$ = NODE(SNAPSHOT, @$, nl_build_name(p, $2)); }
    | SNAPSHOT string                          { $$ = NODE(SNAPSHOT, @$, $2); }
    | RESTORE ID                               { $$ = NODE(RESTORE, @$, nl_build_name(p, $2)); }
    | RESTORE string                           { $$ = NODE(RESTORE, @$, $2); }
    | SWEEP bindings block                     { $$ = NODE(SWEEP, @$, LIST(@2, $2), $3); }
    | SWEEP '(' paths ')' IN expr block        { $$ = NODE(SWEEP_ROWS, @$, LIST(@3, $3), $6, $7); }
    | TRIALS expr block                        { $$ = NODE(TRIALS, @$, $2, $3); }
    | COLLECT name '=' expr                    { $$ = NODE(COLLECT, @$, $2, $4); }
    | PRINT exprs                              { $$ = MANY(PRINT, @$, $2); }
    | EXPECT expr message_opt                  { $$ = NODE(EXPECT, @$, $2, $3); }
    | FIGURE string columns_opt block          { $$ = NODE(FIGURE, @$, $2, $3, $4); }
    | PLOT expr                                { $$ = NODE(PLOT, @$, $2); }
    | KEEP names                               { $$ = MANY(KEEP, @$, $2); }
    ;

decl: PARAM items                              { $$ = nl_build_items(p, NL_AST_PARAMS, @$, $2); }
    | STATE items                              { $$ = nl_build_items(p, NL_AST_STATES, @$, $2); }
    | LET items                                { $$ = nl_build_items(p, NL_AST_LETS, @$, $2); }
    | INPUT items                              { $$ = nl_build_items(p, NL_AST_INPUTS, @$, $2); }
    | PARAM '(' ids ')' '=' expr               { $$ = MANY(PARAM_COLUMNS, @$, nl_asts_add(p, $3, $6)); }
    | LET '(' ids ')' '=' expr                 { $$ = MANY(LET_COLUMNS, @$, nl_asts_add(p, $3, $6)); }
    | SOLVE ID unit_opt IN pair ':' expr '=' expr
        { $$ = nl_build_unit(NAMED(SOLVE, @$, $2, $5->items[0], $5->items[1], $7, $9), $3); }
    | FUNCTION ID params unit_opt '=' expr
        { $$ = nl_build_unit(NAMED(FUNCTION, @$, $2, nl_build_params(p, @3, $3), $6), $4); }
    | FUNCTION ID params unit_opt block
        { $$ = nl_build_unit(NAMED(FUNCTION, @$, $2, nl_build_params(p, @3, $3), $5), $4); }
    | POPULATION ref block_opt                 { $$ = NODE(POPULATION, @$, nl_build_population_head(p, $2), NULL, $3); }
    | POPULATION ref USING ref block_opt
        { $$ = NODE(POPULATION, @$, nl_build_population_head(p, $2), nl_build_template(p, $4), $5); }
    | PROJECTION expr ARROW expr mods block_opt
                                               { $$ = nl_build_projection(p, @$, NULL, $2, $4, $5, $6); }
    | PROJECTION ref ':' expr ARROW expr mods block_opt
                                               { $$ = nl_build_projection(p, @$, $2, $4, $6, $7, $8); }
    | NEURON ID params_opt block               { $$ = NAMED(NEURON, @$, $2, nl_build_params(p, @3, $3), $4); }
    | NEURON ID params_opt USING ref block_opt
        { $$ = NAMED(NEURON, @$, $2, nl_build_params(p, @3, $3), $6, nl_build_template(p, $5)); }
    | SYNAPSE ID params_opt block              { $$ = NAMED(SYNAPSE, @$, $2, nl_build_params(p, @3, $3), $4); }
    | SYNAPSE ID params_opt USING ref block_opt
        { $$ = NAMED(SYNAPSE, @$, $2, nl_build_params(p, @3, $3), $6, nl_build_template(p, $5)); }
    | CONNECTOR ID params_opt '=' expr         { $$ = NAMED(CONNECTOR, @$, $2, nl_build_params(p, @3, $3), $5); }
    | METHOD ID block                          { $$ = NAMED(METHOD, @$, $2, $3); }
    | CIRCUIT ref block                        { $$ = nl_build_circuit(p, @$, $2, $3); }
    | CIRCUIT ref '=' expr                     { $$ = NODE(INSTANCE, @$, nl_build_declared(p, $2), $4); }
    | USE string                               { $$ = NODE(USE, @$, nl_build_plain_string(p, $2)); }
    | USE string AS ID                         { $$ = NAMED(USE, @$, $4, nl_build_plain_string(p, $2)); }
    | USE ID                                   { $$ = nl_build_use_name(p, @$, $2); }
    ;

else_opt: %empty                               { $$ = NULL; }
        | ELSE block                           { $$ = $2; }
        | ELSE IF expr block else_opt          { $$ = NODE(IF, nl_span_join(@2, @$), $3, $4, $5); }
        ;
from_opt: %empty                               { $$ = NULL; }
        | FROM expr                            { $$ = $2; }
        ;
init_opt: %empty                               { $$ = NULL; }
        | '=' expr                             { $$ = $2; }
        ;
select_opt: %empty                             { $$ = NULL; }
          | SELECT expr                        { $$ = $2; }
          ;
holding_opt: %empty                            { $$ = NULL; }
           | HOLDING names                     { $$ = LIST(@2, $2); }
           ;
delay_opt: %empty                              { $$ = NULL; }
         | DELAY expr                          { $$ = $2; }
         ;
timing_opt: %empty                             { $$ = nl_asts_of(p, KIDS(NULL, NULL, NULL)); }
          | EVERY expr from_opt                { $$ = nl_asts_of(p, KIDS($2, $3, NULL)); }
          | AT expr                            { $$ = nl_asts_of(p, KIDS(NULL, NULL, $2)); }
          ;
most_opt: %empty                               { $$ = NULL; }
        | ',' AT MOST expr                     { $$ = $4; }
        ;
message_opt: %empty                            { $$ = NULL; }
           | ',' string                        { $$ = $2; }
           ;
columns_opt: %empty                            { $$ = NULL; }
           | COLUMNS expr                      { $$ = $2; }
           ;

unit_opt: %empty                               { $$ = nl_unit_none(); }
        | ':' unit                             { $$ = $2; }
        ;
unit: ID                                       { $$ = nl_build_stated_unit(p, $1); }
    | '[' unit_product ']'                     { $$ = nl_build_unit_brackets(p, $2); }
    ;
unit_product: unit_power
            | unit_product '*' unit_power      { $$ = nl_build_unit_product(p, @$, $1, $3, false); }
            | unit_product '/' unit_power      { $$ = nl_build_unit_product(p, @$, $1, $3, true); }
            ;
unit_power: unit_atom
          | unit_atom '^' unit_exponent        { $$ = nl_build_unit_power(p, @$, $1, $3, @3); }
          ;
unit_atom: ID                                  { $$ = nl_build_unit_symbol(p, $1); }
         | NUMBER                              { $$ = nl_build_unit_number(p, $1); }
         | '(' unit_product ')'                { $$ = nl_build_unit_group(p, $2); }
         ;
unit_exponent: NUMBER                          { $$ = nl_build_exponent($1, NULL, 1); }
             | '-' NUMBER                      { $$ = nl_build_exponent($2, NULL, -1); }
             | '(' NUMBER '/' NUMBER ')'       { $$ = nl_build_exponent($2, $4, 1); }
             | '(' '-' NUMBER '/' NUMBER ')'   { $$ = nl_build_exponent($3, $5, -1); }
             ;

items: item                                    { $$ = nl_asts_of(p, KIDS($1)); }
     | items ',' item                          { $$ = nl_asts_add(p, $1, $3); }
     ;
item: name unit_opt init_opt tails             { $$ = nl_build_unit(nl_build_item(p, @$, $1, $3, $4), $2); }
    ;
tails: %empty                                  { $$ = nl_asts_of(p, KIDS(NULL, NULL)); }
     | tails IN expr                           { $$ = nl_build_tail(p, $1, 0, $3, $2); }
     | tails DECAYS expr                       { $$ = nl_build_tail(p, $1, 1, $3, $2); }
     ;
name: ID                                       { $$ = nl_build_name(p, $1); }
    | ID '(' args ')'                          { $$ = nl_build_call(p, @$, nl_build_name(p, $1), $3); }
    ;
ids: ID                                        { $$ = nl_asts_of(p, KIDS(nl_build_name(p, $1))); }
   | ids ',' ID                                { $$ = nl_asts_add(p, $1, nl_build_name(p, $3)); }
   ;
path: name
    | path '.' ID                              { $$ = NAMED(FIELD, @$, $3, $1); }
    | path '.' ID '(' args ')'
        { $$ = nl_build_call(p, @$, NAMED(FIELD, nl_span_join(@1, @3), $3, $1), $5); }
    ;
paths: path                                    { $$ = nl_asts_of(p, KIDS($1)); }
     | paths ',' path                          { $$ = nl_asts_add(p, $1, $3); }
     ;
pair: '(' expr ',' expr ')'                    { $$ = nl_asts_of(p, KIDS($2, $4)); }
    ;
params_opt: %empty                             { $$ = NULL; }
          | params
          ;
params: '(' ')'                                { $$ = nl_asts_new(p); }
      | '(' param_list ')'                     { $$ = $2; }
      | '(' param_list ',' ')'                 { $$ = $2; }
      ;
param_list: param                              { $$ = nl_asts_of(p, KIDS($1)); }
          | param_list ',' param               { $$ = nl_asts_add(p, $1, $3); }
          ;
param: ID unit_opt init_opt                    { $$ = nl_build_unit(NAMED(PARAM, @$, $1, $3), $2); }
     ;
mods: %empty                                   { $$ = NL_NEW(p->arena, nl_mods); }
    | mods VIA expr                            { $$ = nl_build_mod(p, $1, &$1->via, $3, $2); }
    | mods USING ref
        { $$ = nl_build_mod(p, $1, &$1->template, nl_build_template(p, $3), $2); }
    | mods NO SELF                             { $$ = nl_build_no_self(p, $1, $2); }
    | mods EXCLUDING names                     { $$ = nl_build_mod(p, $1, &$1->excluding, LIST(@3, $3), $2); }
    ;
series: expr                                   { $$ = nl_asts_of(p, KIDS(NULL, $1)); }
      | ref '=' expr                           { $$ = nl_asts_of(p, KIDS(nl_build_declared(p, $1), $3)); }
      ;
bindings: binding                              { $$ = nl_asts_of(p, KIDS($1)); }
        | bindings ',' binding                 { $$ = nl_asts_add(p, $1, $3); }
        ;
binding: path '=' expr                         { $$ = NAMED(ASSIGN, @$, $2, $1, $3); }
       ;
names: ref                                     { $$ = nl_asts_of(p, KIDS($1)); }
     | names ',' ref                           { $$ = nl_asts_add(p, $1, $3); }
     ;
exprs: expr                                    { $$ = nl_asts_of(p, KIDS($1)); }
     | exprs ',' expr                          { $$ = nl_asts_add(p, $1, $3); }
     ;

expr: atom
    | ref
    | '-' expr %prec NEG                       { $$ = NODE(NEG, @$, $2); }
    | NOT expr                                 { $$ = NODE(NOT, @$, $2); }
    | expr OR expr                             { $$ = NAMED(BINARY, @$, $2, $1, $3); }
    | expr AND expr                            { $$ = NAMED(BINARY, @$, $2, $1, $3); }
    | expr EQ expr                             { $$ = nl_build_compare(p, @$, $1, $2, $3); }
    | expr NE expr                             { $$ = nl_build_compare(p, @$, $1, $2, $3); }
    | expr '<' expr                            { $$ = nl_build_compare(p, @$, $1, $2, $3); }
    | expr LE expr                             { $$ = nl_build_compare(p, @$, $1, $2, $3); }
    | expr '>' expr                            { $$ = nl_build_compare(p, @$, $1, $2, $3); }
    | expr GE expr                             { $$ = nl_build_compare(p, @$, $1, $2, $3); }
    | expr CROSSES ABOVE expr %prec CROSSES    { $$ = nl_build_crosses(p, @$, $1, $3, $4); }
    | expr CROSSES BELOW expr %prec CROSSES    { $$ = nl_build_crosses(p, @$, $1, $3, $4); }
    | expr WITHIN expr OF expr %prec WITHIN    { $$ = nl_build_within(p, @$, $1, $3, $5); }
    | expr RANGE expr                          { $$ = NODE(RANGE, @$, $1, $3); }
    | expr '+' expr                            { $$ = NAMED(BINARY, @$, $2, $1, $3); }
    | expr '-' expr                            { $$ = NAMED(BINARY, @$, $2, $1, $3); }
    | expr '*' expr                            { $$ = NAMED(BINARY, @$, $2, $1, $3); }
    | expr '/' expr                            { $$ = NAMED(BINARY, @$, $2, $1, $3); }
    | expr DIV expr                            { $$ = NAMED(BINARY, @$, $2, $1, $3); }
    | expr MOD expr                            { $$ = NAMED(BINARY, @$, $2, $1, $3); }
    | expr '@' expr                            { $$ = NAMED(BINARY, @$, $2, $1, $3); }
    | expr '^' expr                            { $$ = nl_build_power(p, @$, $1, $2, $3); }
    | IF expr THEN expr ELSE expr              { $$ = NODE(IF_EXPR, @$, $2, $4, $6); }
    ;
atom: NUMBER                                   { $$ = nl_build_number(p, @$, $1, nl_unit_none()); }
    | NUMBER '[' unit_product ']'              { $$ = nl_build_number(p, @$, $1, nl_build_unit_brackets(p, $3)); }
    | QUANTITY                                 { $$ = nl_build_number(p, @$, $1, nl_unit_of($1)); }
    | string
    | '[' ']'                                  { $$ = nl_build_node(p, NL_AST_ARRAY, @$, NULL, 0); }
    | array
    | array UNIT                               { $$ = nl_build_scaled_array(p, @$, $1, nl_unit_of($2)); }
    | array '[' unit_product ']'               { $$ = nl_build_scaled_array(p, @$, $1, nl_build_unit_brackets(p, $3)); }
    ;
array: '[' exprs ']'                           { $$ = MANY(ARRAY, @$, $2); }
     | '[' exprs ',' ']'                       { $$ = MANY(ARRAY, @$, $2); }
     ;
ref: ID                                        { $$ = nl_build_name(p, $1); }
   | '(' expr ')'                              { $$ = NODE(PAREN, @$, $2); }
   | ref PRIME                                 { $$ = nl_build_prime(p, @$, $1); }
   | ref '.' ID                                { $$ = NAMED(FIELD, @$, $3, $1); }
   | ref '[' indices ']'                       { $$ = nl_build_with_base(p, NL_AST_INDEX, @$, $1, $3); }
   | ref '(' ')'                               { $$ = nl_build_call(p, @$, $1, nl_asts_new(p)); }
   | ref '(' args ')'                          { $$ = nl_build_call(p, @$, $1, $3); }
   | ref '(' args ',' ')'                      { $$ = nl_build_call(p, @$, $1, $3); }
   ;
args: arg                                      { $$ = nl_asts_of(p, KIDS($1)); }
    | args ',' arg                             { $$ = nl_asts_add(p, $1, $3); }
    ;
arg: expr
   | ID '=' expr                               { $$ = NAMED(ARG, @$, $1, $3); }
   | ID ':' unit init_opt                      { $$ = nl_build_unit(NAMED(PARAM, @$, $1, $4), $3); }
   ;
indices: index                                 { $$ = nl_asts_of(p, KIDS($1)); }
       | indices ',' index                     { $$ = nl_asts_add(p, $1, $3); }
       ;
index: expr
     | bound ':' bound                         { $$ = NODE(SLICE, @$, $1, $3, NULL); }
     | bound ':' bound ':' bound               { $$ = NODE(SLICE, @$, $1, $3, $5); }
     ;
bound: %empty                                  { $$ = NULL; }
     | expr
     ;
string: STRING                                 { $$ = nl_build_piece(p, $1); }
      | STR_HEAD inserts STR_TAIL              { $$ = nl_build_string(p, @$, $1, $2, $3); }
      ;
inserts: insert                                { $$ = nl_asts_of(p, KIDS($1)); }
       | inserts STR_MID insert                { $$ = nl_asts_add(p, nl_asts_add(p, $1, nl_build_piece(p, $2)), $3); }
       ;
insert: expr                                   { $$ = NODE(INSERT, @$, $1); }
      | expr FMTSPEC                           { $$ = NAMED(INSERT, @$, $2, $1); }
      ;

%%

static int yylex(YYSTYPE *value, YYLTYPE *where, nl_parser *p)
{
    value->token = nl_layout_next(p);
    *where = value->token->span;
    return value->token->kind;
}

/* Only for what is no syntax error: a stack that cannot grow. */
static void yyerror(const YYLTYPE *where, nl_parser *p, const char *text)
{
    (void)text;
    nl_report_depth(p, *where);
}

bool nl_expects(const nl_expected *expected, int token)
{
    const yysymbol_kind_t symbol = YYTRANSLATE(token);

    for (int k = 0; k < expected->count; k++)
        if (expected->symbols[k] == (int)symbol) return true;
    return false;
}

const char *nl_expected_name(const nl_expected *expected, int index)
{
    return yysymbol_name((yysymbol_kind_t)expected->symbols[index]);
}

static int yyreport_syntax_error(const yypcontext_t *context, nl_parser *p)
{
    yysymbol_kind_t symbols[YYNTOKENS];
    int numbers[YYNTOKENS];
    const int count = yypcontext_expected_tokens(context, symbols, YYNTOKENS);

    for (int k = 0; k < count; k++) numbers[k] = (int)symbols[k];
    nl_report_syntax(p, &(nl_expected){ numbers, count });
    nl_layout_recover(p);
    return 0;
}
