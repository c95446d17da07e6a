true
