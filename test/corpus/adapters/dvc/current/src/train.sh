echo "$@" > model.txt
