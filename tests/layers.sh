# Data flow one way: a folder of src/ includes headers of itself and of folders to its left, never to its right.
layers='base lang net syntax check ir exec record plot run cli' # net knows rules and indices, but no models
failures=0

allowed=
for layer in $layers; do
    allowed="$allowed $layer"
    for file in "$NL_SRC/src/$layer"/*.[ch]; do
        [ -e "$file" ] || continue
        for other in $(sed -n 's|^ *# *include "\([a-z]*\)/.*|\1|p' "$file"); do
            case " $allowed " in
                *" $other "*) ;;
                *) echo "src/$layer/$(basename "$file") includes a header of src/$other"; failures=1 ;;
            esac
        done
    done
done

for folder in "$NL_SRC"/src/*/; do
    case " $layers " in
        *" $(basename "$folder") "*) ;;
        *) echo "src/$(basename "$folder") has no place among the layers"; failures=1 ;;
    esac
done

exit $failures
