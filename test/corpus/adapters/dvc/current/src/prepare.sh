head -n 3 data/raw.csv > data/prepared.csv
