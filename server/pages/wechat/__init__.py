"""What a citizen reads whose way from WeChat to the page doesn't lead on."""
