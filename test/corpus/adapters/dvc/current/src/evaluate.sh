echo '{"roc_auc": 0.81}'
