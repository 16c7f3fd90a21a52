# gallery.sh SOURCE FOLDER: runs every model and example of the source tree with the program $NETLANG, and writes
# FOLDER/gallery.md with what each says of itself, its length, and its pictures in FOLDER/gallery.
set -eu
source=$1
folder=$2
mkdir -p "$folder/gallery"

# The comments at the top of a file, without their signs.
about() { sed -n '/^##/!q; s/^## \{0,1\}//p' "$1"; }

# Lines of the model: without comments and blank lines.
length() { grep -c -v -e '^ *#' -e '^ *$' "$1"; }

# Models of their published size take minutes: a smaller one shows the same.
size_of() {
    case $1 in
        attractor) echo '-D NE=160 -D NI=40' ;;
    esac
}

show() {
    name=$(basename "$1" .net)
    printf '\n## %s\n\n' "$name"
    about "$1"
    # shellcheck disable=SC2046 # options are words
    pictures=$("$NETLANG" run "$1" $(size_of "$name") --figures "$folder/gallery" 2>&1 >"$folder/gallery/$name.txt" |
        tee "$folder/gallery/messages" | sed -n 's|^drawn: .*/gallery/|gallery/|p')
    grep -v '^drawn: ' "$folder/gallery/messages" >&2 || :
    for picture in $pictures; do printf '\n![%s](%s)\n' "$name" "$picture"; done
    if [ -s "$folder/gallery/$name.txt" ]; then
        printf '\n```\n'
        cat "$folder/gallery/$name.txt"
        printf '```\n'
    fi
    printf '\n`%s`, %s lines\n' "${1#"$source"/}" "$(length "$1")"
    rm "$folder/gallery/$name.txt" "$folder/gallery/messages"
}

{
    printf '# Gallery\n\nModels of whole papers, then examples. Each file draws its pictures itself: `netlang run FILE --figures DIR`.\n'
    for file in "$source"/models/*.net "$source"/examples/*.net; do show "$file"; done
} >"$folder/gallery.md"
