drop table routing_fact, rule_table;
