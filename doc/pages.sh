# pages.sh SOURCE FOLDER: with pandoc, the documentation of the source tree, and FOLDER/gallery.md and names.md, as pages of
# HTML in FOLDER.
set -eu
source=$1
folder=$2

command -v pandoc >/dev/null || { echo 'no pandoc: the documentation stays Markdown' >&2; exit 0; }

# Lines of a program fit, up to 120 columns.
style='<style>body { font-size: 17px; max-width: 60em; } pre { overflow-x: auto; }</style>'

# A link to a text becomes one to its page; the list of all texts is the page that is opened first.
page() {
    pandoc --standalone --no-highlight --variable 'monobackgroundcolor=#f3f3f3' --variable header-includes="$style" \
        --metadata pagetitle="netlang: $2" --from "$3" --to html "$1" |
        sed -e 's/href="README\.md/href="index.html/g' -e 's/href="\([a-z_]*\)\.md/href="\1.html/g' \
            -e 's/href="netlang\.1"/href="netlang.1.html"/g' >"$folder/$2.html"
}

for text in "$source"/doc/*.md; do
    name=$(basename "$text" .md)
    [ "$name" != README ] || name=index
    page "$text" "$name" gfm
done
page "$folder/gallery.md" gallery gfm
page "$folder/names.md" names gfm
page "$source/doc/netlang.1" netlang.1 man
