#!/usr/bin/env bash
# Offers the locks of this checkout as a pull request, where they differ from those of its commit.
#
# GitHub starts no workflow for what its own token pushes, so that the pipeline is started here, on the branch: its
# checks stand beside the pull request all the same.
#
# Environment: GH_TOKEN (contents, pull-requests, actions: write), GITHUB_REPOSITORY, GITHUB_SERVER_URL, GITHUB_RUN_ID.
set -euo pipefail

base=main
branch=locks
locks=(
  requirements-lock.txt
  tests/requirements-lock.txt
  infrastructure/bicep/checkov-requirements-lock.txt
  infrastructure/workflows/requirements-lock.txt
)

if git diff --quiet -- "${locks[@]}"; then
  echo "the locks are those of $base"
  exit 0
fi
git switch --quiet --force-create "$branch"
git -c user.name="github-actions[bot]" -c user.email="41898282+github-actions[bot]@users.noreply.github.com" \
  commit --quiet --message "Resolve the locks again" -- "${locks[@]}"
gh auth setup-git
git push --quiet --force origin "HEAD:refs/heads/$branch"

count="$(gh pr list --repo "$GITHUB_REPOSITORY" --head "$branch" --base "$base" --state open --json number --jq length)"
if [[ "$count" == 0 ]]; then
  run="$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID"
  gh pr create --repo "$GITHUB_REPOSITORY" --head "$branch" --base "$base" --title "Resolve the locks again" --body \
    "Made by \`make lock\`. A package was built from these locks and verified: $run. The tests run on this branch."
fi
gh workflow run ci-cd.yml --repo "$GITHUB_REPOSITORY" --ref "$branch"
