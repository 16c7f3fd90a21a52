# names.sh FOLDER: writes FOLDER/names.md, what the program $NETLANG says of every function, operator, unit, rule and
# message, from its own tables.
set -eu
folder=$1

list() { "$NETLANG" doc; }

# Lines of one section, without its heading.
lines_of() { list | awk -v heading="$1:" '$0 == heading { inside = 1; next } /^[^ ]/ { inside = 0 } inside && NF'; }

describe() {
    for name in $(awk '!seen[$1]++ { print $1 }'); do
        printf '\n```\n'
        "$NETLANG" doc "$name"
        printf '```\n'
    done
}

{
    printf '# All names\n\nThe same as `netlang doc NAME` tells.\n'
    list | sed -n 's/^\([a-zA-Z].*\):$/\1/p' | while read -r section; do
        printf '\n## %s\n' "$section"
        case $section in
            keywords | operators | units) printf '\n```\n' && lines_of "$section" && printf '```\n' ;;
            messages) lines_of "$section" | tr -s ' ' '\n' | grep . | describe ;;
            *) lines_of "$section" | describe ;;
        esac
    done
} >"$folder/names.md"
