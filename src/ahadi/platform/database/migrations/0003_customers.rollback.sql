drop table customer_merge, entitlement, consent, identity, customer;
