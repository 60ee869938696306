"""Events that other systems are told of, by signed webhooks (https://www.standardwebhooks.com)."""
