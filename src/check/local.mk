libnetlang_la_SOURCES += \
    src/check/batch.c src/check/batch.h src/check/batch_given.c src/check/check.c src/check/check.h \
    src/check/circuit.c src/check/declare.c src/check/declare.h src/check/define.c \
    src/check/eval.c src/check/eval_call.c src/check/eval_impl.h src/check/eval_name.c src/check/follow.c \
    src/check/joined.c src/check/library.c src/check/methods_check.c src/check/model.h \
    src/check/plan.c src/check/plan.h src/check/plot.c \
    src/check/protocol_batch.c src/check/protocol_check.c src/check/protocol_impl.h src/check/protocol_record.c \
    src/check/scope.c src/check/settings.c src/check/sides.c src/check/target.c \
    src/check/train.c src/check/unknown.c src/check/unused.c src/check/use.c src/check/use.h src/check/varies.c
libnetlang_la_SOURCES += \
    src/check/body.c \
    src/check/body.h \
    src/check/body_block.c \
    src/check/body_columns.c \
    src/check/body_call.c \
    src/check/body_draw.c \
    src/check/body_equation.c \
    src/check/body_event.c \
    src/check/body_expr.c \
    src/check/body_finish.c \
    src/check/body_function.c \
    src/check/body_index.c \
    src/check/body_name.c \
    src/check/body_override.c \
    src/check/body_population.c \
    src/check/body_probe.c \
    src/check/body_projection.c \
    src/check/body_reduce.c \
    src/check/body_rule.c \
    src/check/body_static.c \
    src/check/body_synapse.c \
    src/check/body_template.c \
    src/check/body_time.c \
    src/check/body_times.c \
    src/check/body_write.c \
    src/check/rules.def
