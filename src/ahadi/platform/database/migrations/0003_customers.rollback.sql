drop table likely_duplicate, customer_merge, entitlement, consent, identity, customer;
