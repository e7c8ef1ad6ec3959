#!/usr/bin/env bash
# Run each minute on the application's host.
set -euo pipefail
cd /var/www/carrier
exec php artisan schedule:run
